// SPDX-License-Identifier: Apache-2.0
/*
 * Starts many processes at once for the live tests. crowd COUNT PROGRAM [ARGUMENT]...
 * Writes a byte when all have been started. On SIGTERM, and with its own end, all of them are killed.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int count = argc > 2 ? atoi(argv[1]) : 0, signal_number;
	pid_t *pids = calloc(count + 1, sizeof(*pids)), parent = getpid();
	sigset_t term;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	if (count == 0 || !pids || sigprocmask(SIG_BLOCK, &term, NULL) != 0)
		return 2;
	/* Before those that it has started already, or the last ones would come much later. */
	setpriority(PRIO_PROCESS, 0, -20);
	for (int i = 0; i < count; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			return 1;
		if (pids[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (getppid() != parent)
				_exit(1);
			sigprocmask(SIG_UNBLOCK, &term, NULL);
			setpriority(PRIO_PROCESS, 0, 0);
			execv(argv[2], argv + 2);
			_exit(127);
		}
	}
	if (write(1, "!", 1) != 1)
		return 1;
	sigwait(&term, &signal_number);
	for (int i = 0; i < count; i++)
		kill(pids[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	return 0;
}
