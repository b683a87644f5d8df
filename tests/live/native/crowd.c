// SPDX-License-Identifier: Apache-2.0
/*
 * Starts many processes at once for the live tests. crowd COUNT PROGRAM [ARGUMENT]...
 * Their standard input ends when all of them run PROGRAM: `spin -g` waits for that, as some thousands that want a CPU leave
 * next to nothing to those that come after them. Writes a byte then. On SIGTERM, and with its own end, all of them are killed.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int count = argc > 2 ? atoi(argv[1]) : 0, signal_number, gate[2], starting[2];
	char nothing;
	pid_t *pids = calloc(count + 1, sizeof(*pids)), parent = getpid();
	sigset_t term;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	if (count == 0 || !pids || sigprocmask(SIG_BLOCK, &term, NULL) != 0)
		return 2;
	if (pipe2(gate, O_CLOEXEC) != 0 || pipe2(starting, O_CLOEXEC) != 0)
		return 2;
	/* Before all of them, or their ends would take minutes. */
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
			dup2(gate[0], STDIN_FILENO);
			execv(argv[2], argv + 2);
			_exit(127);
		}
	}
	close(starting[1]);
	/* Ends when no process is left that has it open: each closes it when it runs the program. */
	if (read(starting[0], &nothing, 1) != 0)
		return 1;
	close(gate[1]);
	if (write(1, "!", 1) != 1)
		return 1;
	sigwait(&term, &signal_number);
	for (int i = 0; i < count; i++)
		kill(pids[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	return 0;
}
