// SPDX-License-Identifier: MIT
#pragma once

/*
 * libuv's chapter "File system operations": open files, directories, what is done with names, whole files.
 */

#include <interloop/uv/directory.h>
#include <interloop/uv/file.h>
#include <interloop/uv/filepath.h>
#include <interloop/uv/filestatus.h>
#include <interloop/uv/filesystem.h>
#include <interloop/uv/wholefile.h>
