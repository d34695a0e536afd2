"""A WSGI application for uWSGI, which does the same as echo.c."""


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    query = environ.get("QUERY_STRING", "")
    if query.startswith("kib="):
        for _ in range(int(query[4:])):
            yield b"x" * 1024
        return
    yield environ["REQUEST_METHOD"].encode() + b" "
    while block := environ["wsgi.input"].read(8192):
        yield block
