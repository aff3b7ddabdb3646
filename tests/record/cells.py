"""A notebook whose every cell lets a secret out through another channel."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

NAME = "AZURE_CLIENT_SECRET"
"""The secret is in this variable of the kernel."""

BEGIN = f"""
import base64, json, logging, os, sys, time
from IPython.display import display
secret = os.environ[{NAME!r}]
half = len(secret) // 2
basic = base64.b64encode(f"ada:{{secret}}".encode()).decode()
"""

CHANNELS = {
    "stdout": "print('before', secret, 'after')",
    "stderr": "print('before', secret, file=sys.stderr)",
    "the file descriptor of a program": f"import subprocess; subprocess.run(['sh', '-c', 'echo it is ${NAME}'], check=True)",
    "ANSI": "print(secret[:half] + '\\x1b[1;31m' + secret[half:])",
    "base64 of user:secret": "print('Authorization: Basic ' + basic)",
    "over lines": "print(secret[:half] + '\\n  ' + secret[half:])",
    "a result": "{'header': secret}",
    "rich": "display({'text/plain': secret, 'text/html': '<b>' + ''.join(f'&#{ord(c)};' for c in secret) + '</b>', "
    "'application/json': {'a': [secret]}, 'text/markdown': '# ' + secret, "
    "'image/svg+xml': f'<svg>{secret}</svg>'}, raw=True)",
    "an update of a display": "shown = display('nothing yet', display_id=True); shown.update(secret)",
    "a widget": "from ipywidgets import HTML, Password, VBox\nVBox([Password(value=secret), HTML(value=secret)])",
    "logging": """
logging.basicConfig(level=logging.DEBUG, stream=sys.stdout, force=True)
from azure.core.pipeline import PipelineContext, PipelineRequest
from azure.core.pipeline.policies import NetworkTraceLoggingPolicy
from azure.core.rest import HttpRequest
sent = HttpRequest("GET", f"https://x.invalid/?sig={secret}", headers={"Authorization": f"Basic {basic}"})
NetworkTraceLoggingPolicy(logging_enable=True).on_request(PipelineRequest(sent, PipelineContext(None)))
logging.getLogger("urllib3.connectionpool").debug("https://x.invalid:443 GET /?sig=%s", secret)
logging.getLogger("httpcore.http11").debug("send_request_headers [(b'x-api-key', %r)]", secret.encode())
""",
    "an error": "%xmode Verbose\ndef call(token):\n    header = {'x-api-key': token}\n    raise ValueError(f'no: {token}')\n"
    "try:\n    call(secret)\nexcept ValueError:\n    get_ipython().showtraceback()",
}
"""Each is scrubbed as it is produced, message by message."""

PIECES = {
    "pieces": "print(secret[:half], end='', flush=True); time.sleep(0.3); print(secret[half:], flush=True)",
    "pieces of two streams": "print(secret[:half], end='', flush=True); time.sleep(0.3)\n"
    "print(secret[half:], end='', file=sys.stderr, flush=True)",
    "pieces with others between": "print(secret[:half], end='', flush=True); time.sleep(0.3)\n"
    "print('other', file=sys.stderr, flush=True); time.sleep(0.3); print(secret[half:], flush=True)",
}
"""No message has the whole of it."""

LOGGED = "os.write(sys.stderr._original_stdstream_copy, f'DEBUG Authorization: {secret}\\n'.encode())"
"""Past everything that is captured, to the kernel's own standard error."""

CLEAN = "print('nothing secret')"
RAISED = "def call(token):\n    raise KeyError(token)\ncall(secret)"


def write(path: Path, *sources: str) -> Path:
    """A notebook of these cells."""
    parameters = new_code_cell('parameters = "rehearsal.yaml"', metadata={"tags": ["parameters"]})
    cells = [parameters, new_code_cell(BEGIN), *map(new_code_cell, sources)]
    nbformat.write(
        new_notebook(
            cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        ),
        path,
    )
    return path
