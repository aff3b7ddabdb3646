import time
from services.faults import *
def test_x(onboarded, capsys):
    t=time.time()
    s = onboarded.services()
    p = s._parameters
    from helpers.services import replies
    with capsys.disabled():
        print()
        print(s.caller)
        print(s.vaults.vault(p.resource_group,p.vault_name), time.time()-t)
        print(s.vaults.diagnostic_settings(p.vault_id), time.time()-t)
        print(s.keys.key(p.key_name), time.time()-t)
        print(s.keys.versions(p.key_name), s.keys.names(), s.keys.deleted(p.key_name), time.time()-t)
        print(s.principals.of_published_app(), time.time()-t)
        print(s.roles.of_principal(p.vault_id,'44444444-5555-4666-8777-888888888888'), time.time()-t)
        print(s.admin.organization(), s.admin.external_keys(), s.admin.workspaces(), s.admin.validate('ekey_01REHEARSALONBOARDED'), time.time()-t)
def test_wrong(onboarded, capsys):
    for op in ('token','Vaults_Get','GetKey','servicePrincipal list','RoleAssignments_ListForScope','organization retrieve','external key validate'):
        onboarded.reset()
        onboarded.cloud.after(op, marked('rehearsal-other'))
        s = onboarded.services()
        p = s._parameters
        calls={'token':lambda: s.caller,'Vaults_Get':lambda:s.vaults.vault(p.resource_group,p.vault_name),'GetKey':lambda:s.keys.key(p.key_name),'servicePrincipal list':lambda:s.principals.of_published_app(),
         'RoleAssignments_ListForScope':lambda:s.roles.of_principal(p.vault_id,'44444444-5555-4666-8777-888888888888'),'organization retrieve':lambda:s.admin.organization(),
         'external key validate':lambda:s.admin.validate('ekey_01REHEARSALONBOARDED')}
        with capsys.disabled():
            try: print(op, calls[op]())
            except Exception as e: print(op, type(e), str(e)[:100])
def test_bad(onboarded, capsys):
    s = onboarded.services()
    p = s._parameters
    calls={'Vaults_Get':lambda:s.vaults.vault(p.resource_group,p.vault_name),'DiagnosticSettings_List':lambda:s.vaults.diagnostic_settings(p.vault_id),'GetKey':lambda:s.keys.key(p.key_name),
         'GetKeyVersions':lambda:s.keys.versions(p.key_name),'GetKeys':lambda:s.keys.names(),'GetDeletedKey':lambda:s.keys.deleted(p.key_name),
         'servicePrincipal list':lambda:s.principals.of_published_app(),
         'RoleAssignments_ListForScope':lambda:s.roles.of_principal(p.vault_id,'44444444-5555-4666-8777-888888888888'),'organization retrieve':lambda:s.admin.organization(),
         'external key list':lambda:s.admin.external_keys(),'workspace list':lambda:s.admin.workspaces(),
         'external key validate':lambda:s.admin.validate('ekey_01REHEARSALONBOARDED'),
         'external key retrieve':lambda:s.admin.external_key('ekey_01REHEARSALONBOARDED'),
         'workspace retrieve':lambda:s.admin.workspace('wrkspc_01REHEARSALCMEK')}
    for op,c in calls.items():
      for what in ('{not json','[]','{}','"x"','null','{"value":[{}]}','{"data":[{}]}','{"value":null}','{"value":5}','{"value":["x"]}','<html>'):
        onboarded.cloud.mend()
        onboarded.cloud.before(op, text(what))
        t=time.time()
        try: r=c()
        except Exception as e: r=f'!!!!!!!! {type(e)} {str(e)[:300]}'
        with capsys.disabled(): print(op, what, '->', r, '' if time.time()-t<.3 else time.time()-t)
