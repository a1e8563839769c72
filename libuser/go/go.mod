// SPDX-License-Identifier: LGPL-2.1-or-later

// The path is below a domain that is reserved for examples (RFC 2606): the project has no host,
// and nobody else can publish a module of that name.  doc.go says how to use the module.
module example.org/lockmgr

go 1.19
