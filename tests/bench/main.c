// SPDX-License-Identifier: GPL-2.0-only
/*
 * What lockmgr costs, beside what a program would use instead: all of it in one
 * run, in turns.  The script `run` beside this says how to read the table.
 */
#include "bench.h"

const struct peer *const peers[PEERS] = {
	&peer_lockmgr,
	&peer_ioctls,
	&peer_robust,
	&peer_flock,
	&peer_ofd,
	&peer_sysv,
};

int main(int argc, char **argv)
{
	if (argc != 2)
		fail("usage: %s RESULTS.json", argv[0]);

	work_begin();
	report_begin();
	bench_uncontended();
	bench_contended();
	bench_allocate();
	bench_close();
	bench_memory();
	report_end(argv[1]);
	work_end();

	return 0;
}
