// SPDX-License-Identifier: MIT
#pragma once

/*
 * What the server inside the program answers, by functions that know nothing of tasks:
 *
 *     /                 a page that lists the others
 *     /report           reads a file and hashes it, both in the thread pool
 *     /sum?n=1000000    computes for a while, in a thread of the pool
 *     /slow?ms=200      waits so long
 *     /chain            fetches /sum from this same server, while its own request waits
 *     /fail             throws an exception
 *     /tasks            all tasks of the thread, as dumpTasks() has them
 */

class HttpServer;

void addHandlers(HttpServer &server);
