// A worker of libfcgi: says the method and its input back, or as many KiB as it is asked for. As an Authorizer it allows what is not for "deny", and if
// there is a password, only a certain one.
#include <fcgiapp.h>
#include <stdlib.h>
#include <string.h>

static void copy(FCGX_Request *r)
{
	char block[8192];
	int n;
	while ((n = FCGX_GetStr(block, sizeof block, r->in)) > 0)
		FCGX_PutStr(block, n, r->out);
}

int main(void)
{
	FCGX_Request r;
	char block[1024];
	memset(block, 'x', sizeof block);
	FCGX_Init();
	FCGX_InitRequest(&r, 0, 0);
	while (FCGX_Accept_r(&r) >= 0) {
		const char *query = FCGX_GetParam("QUERY_STRING", r.envp), *role = FCGX_GetParam("FCGI_ROLE", r.envp);
		const char *method = FCGX_GetParam("REQUEST_METHOD", r.envp);
		if (role && strcmp(role, "AUTHORIZER") == 0) {
			const char *password = FCGX_GetParam("REMOTE_PASSWD", r.envp);
			if ((query && strcmp(query, "deny") == 0) || (password && strcmp(password, "secret") != 0))
				FCGX_FPrintF(r.out, "Status: 403 Forbidden\r\nContent-Type: text/plain\r\n\r\ndenied");
			else
				FCGX_FPrintF(r.out, "Status: 200 OK\r\nVariable-AUTH: yes\r\n\r\n");
			continue;
		}
		FCGX_FPrintF(r.out, "Content-Type: text/plain\r\n\r\n");
		if (query && strncmp(query, "kib=", 4) == 0) {
			for (int i = atoi(query + 4); i > 0; i--)
				if (FCGX_PutStr(block, sizeof block, r.out) < 0)
					break;
			continue;
		}
		if (query && strcmp(query, "stderr") == 0)
			FCGX_FPrintF(r.err, "a complaint\n");
		FCGX_FPrintF(r.out, "%s ", method ? method : "");
		copy(&r);
		if (role && strcmp(role, "FILTER") == 0) {
			FCGX_FPrintF(r.out, "|");
			FCGX_StartFilterData(r.in);
			copy(&r);
		}
		if (query && strcmp(query, "exit=3") == 0)
			FCGX_SetExitStatus(3, r.out);
	}
	return 0;
}
