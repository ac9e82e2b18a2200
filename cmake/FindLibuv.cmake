# SPDX-License-Identifier: MIT
#
# Finds libuv and defines Libuv::Libuv. pkg-config, where there is one, says where to look first.

find_package(PkgConfig QUIET)
if(PKG_CONFIG_FOUND)
    pkg_check_modules(PC_LIBUV QUIET libuv)
endif()

find_path(LIBUV_INCLUDE_DIR uv.h HINTS ${PC_LIBUV_INCLUDEDIR} ${PC_LIBUV_INCLUDE_DIRS})
find_library(LIBUV_LIBRARY NAMES uv libuv HINTS ${PC_LIBUV_LIBDIR} ${PC_LIBUV_LIBRARY_DIRS})
mark_as_advanced(LIBUV_INCLUDE_DIR LIBUV_LIBRARY)

if(LIBUV_INCLUDE_DIR AND EXISTS "${LIBUV_INCLUDE_DIR}/uv/version.h")
    file(STRINGS "${LIBUV_INCLUDE_DIR}/uv/version.h" version_lines REGEX "#define UV_VERSION_(MAJOR|MINOR|PATCH)")
    list(JOIN version_lines " " version_lines)
    string(REGEX REPLACE "[^0-9]*([0-9]+)[^0-9]+([0-9]+)[^0-9]+([0-9]+).*" "\\1.\\2.\\3" Libuv_VERSION
           "${version_lines}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Libuv
    REQUIRED_VARS LIBUV_LIBRARY LIBUV_INCLUDE_DIR
    VERSION_VAR Libuv_VERSION)

if(Libuv_FOUND AND NOT TARGET Libuv::Libuv)
    add_library(Libuv::Libuv UNKNOWN IMPORTED)
    set_target_properties(Libuv::Libuv PROPERTIES
        IMPORTED_LOCATION "${LIBUV_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${LIBUV_INCLUDE_DIR}")
endif()
