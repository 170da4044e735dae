// Package socket lets another program on this machine use the store and the queues of the one that has their files
// open: `serve`, and `local --data`, answer on a Unix socket in their data folder, and the operator's commands call it. It carries the two
// contracts as they are, so that every command is written once, over store.Store and queue.Queue, and both suites run
// against it. It owns no meaning and no operation.
//
// A spool of commands was the other choice: it answers nothing, so `status` could not be one. The socket is made with
// mode 0600 in a folder of mode 0700: anyone who can open it can read the database files as well.
package socket
