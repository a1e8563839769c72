// SPDX-License-Identifier: GPL-2.0-only
module example.org/lockmgr/bench

go 1.19

require example.org/lockmgr v0.1.0

replace example.org/lockmgr => ../../../libuser/go
