"""What is looked at on a page: contrast, widths, what has the focus. Scripts that run in the browser, and their answers."""

from __future__ import annotations

PANEL = ".jp-NotebookPanel:not(.lm-mod-hidden)"
OUTPUT = f"{PANEL} .jp-OutputArea-output"

READY = """name => {
    const panel = window.jupyterapp && window.jupyterapp.shell.currentWidget;
    const kernels = panel && panel.context && panel.context.sessionContext;
    return !!kernels && panel.title.label === name && kernels.isReady && !!kernels.session
        && !!kernels.session.kernel && kernels.session.kernel.status === 'idle';
}"""

COUNT = """() => {
    const cells = window.jupyterapp.shell.currentWidget.content.widgets;
    return cells.find(cell => cell.model.type === 'code').model.executionCount || 0;
}"""

SETTLED = """before => {
    const panel = window.jupyterapp.shell.currentWidget;
    const first = panel.content.widgets.find(cell => cell.model.type === 'code').model.executionCount || 0;
    const waiting = [...panel.node.querySelectorAll('.jp-InputPrompt')].some(one => one.textContent.includes('*'));
    return first > before && !waiting && panel.context.sessionContext.session.kernel.status === 'idle';
}"""

SAVED = "() => !window.jupyterapp.shell.currentWidget.context.model.dirty"

TO_TOP = "() => { window.jupyterapp.shell.currentWidget.content.outerNode.scrollTop = 0; }"

THEME = "name => window.jupyterapp.commands.execute('apputils:change-theme', {theme: name})"

COMMAND = "name => window.jupyterapp.commands.execute(name)"

FOCUS = "() => document.activeElement.textContent.trim() || document.activeElement.placeholder || ''"

ACTIVE_SOURCE = "() => window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.source"

TOO_WIDE = """() => {
    const panel = window.jupyterapp.shell.currentWidget;
    const edge = panel.node.getBoundingClientRect().right;
    const parts = [panel.content.outerNode, ...panel.node.querySelectorAll(
        '.jp-OutputArea-output, .jp-OutputArea-output table, .jp-OutputArea-output pre, .widget-box, .cm-scroller')];
    return parts
        .filter(one => one.clientWidth && (one.scrollWidth > one.clientWidth + 1
                       || one.getBoundingClientRect().right > edge + 1))
        .map(one => `${one.className || one.tagName}: ${one.scrollWidth} in ${one.clientWidth}:`
                    + ` ${one.textContent.slice(0, 80)}`);
}"""

LEAST_CONTRAST = """selector => {
    const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const rgba = said => {
        canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = said; canvas.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    };
    const over = (front, back) => [0, 1, 2].map(i => front[i] * front[3] + back[i] * (1 - front[3])).concat(1);
    const behind = one => {
        const layers = [];
        for (let at = one; at; at = at.parentElement) {
            const colour = rgba(getComputedStyle(at).backgroundColor);
            layers.push(colour);
            if (colour[3] === 1) break;
        }
        return layers.reduceRight((back, front) => over(front, back), [255, 255, 255, 1]);
    };
    const light = colour => colour.slice(0, 3).map(c => c / 255)
        .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const found = [];
    for (const one of document.querySelectorAll(selector)) {
        const said = [...one.childNodes].filter(n => n.nodeType === 3).map(n => n.textContent.trim()).join(' ').trim();
        if (!said || !one.getClientRects().length) continue;
        const back = behind(one);
        const [a, b] = [light(over(rgba(getComputedStyle(one).color), back)), light(back)].sort((x, y) => y - x);
        found.push([(a + 0.05) / (b + 0.05), said.slice(0, 60)]);
    }
    found.sort((x, y) => x[0] - y[0]);
    return {looked_at: found.length, least: found.length ? found[0] : null, words: found.map(one => one[1])};
}"""
"""Contrast ratio as WCAG 2.2 defines it; text that is the element's own, against what lies behind it."""
