// SPDX-License-Identifier: MIT
#pragma once

/*
 * Marks what a shared Interloop exports: classes and functions that are defined in a source file, and every class that
 * is thrown. Templates and inline functions need no mark.
 *
 *     class INTERLOOP_EXPORT Bridge { ... };
 *     INTERLOOP_EXPORT Bridge &currentBridge();
 *
 * The static library defines INTERLOOP_STATIC for itself and for whoever links it, through its CMake target.
 */

#ifdef INTERLOOP_STATIC
#  define INTERLOOP_EXPORT
#else
#  define INTERLOOP_EXPORT [[gnu::visibility("default")]]
#endif
