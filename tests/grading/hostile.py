"""What a student might write to act on whoever opens the page."""

SCRIPTS = """from IPython.display import HTML, Javascript, Markdown, SVG, Latex, display
display(HTML("<script>evil()</script><form action='//x.org'><input name=i></form><b>kept</b>"))
display(HTML("<iframe src='//x.org'></iframe><p style='position:fixed' onclick='evil()'>p</p>"))
display(HTML("<style>body {display: none}</style><img src=x onerror='evil()'>"))
display(Javascript("evil()"))
display(Markdown("[a](javascript:evil()) <object data='//x.org'></object>"))
display(SVG("<svg xmlns='http://www.w3.org/2000/svg'><script>evil()</script></svg>"))
display(Latex("$x$ <script>evil()</script>"))
isolated = {"text/html": {"isolated": True}}
display({"text/html": "<script>evil()</script>"}, raw=True, metadata=isolated)
png = {"image/png": "iVBORw0KGgo="}
display(png, raw=True, metadata={"image/png": {"width": "1 onload=evil()", "alt": '"><script>'}})
display({"image/png": '"><script>evil()</script>'}, raw=True)
print("<script>evil()</script>")
raise ValueError("<script>evil()</script>")"""
MARKED = """<script>evil()</script><img src="http://x.org/a.png" onerror="evil()">
<a href="javascript:evil()">a</a> [b](javascript:evil()) <iframe srcdoc="<p>"></iframe>
<form><button formaction="javascript:evil()">c</button></form>

**kept too**"""
