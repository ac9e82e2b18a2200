# SPDX-License-Identifier: MIT
#
# What all targets of this project have in common, and nobody else's: warnings, the language, sanitizers, ccache.

find_package(Threads REQUIRED)
find_package(Qt6 6.4 REQUIRED COMPONENTS Core)
find_package(Libuv 1.44 REQUIRED)

# Boost's own package first: newer CMakes have no find module for it. The mode that found it is installed with the library.
if(INTERLOOP_PARKING)
    foreach(INTERLOOP_BOOST_MODE CONFIG MODULE)
        find_package(Boost 1.74 QUIET ${INTERLOOP_BOOST_MODE} COMPONENTS context)
        if(Boost_FOUND)
            break()
        endif()
    endforeach()
    if(NOT Boost_FOUND)
        message(FATAL_ERROR
            "Boost.Context 1.74 or newer was not found. Install it (Debian: apt-get install libboost-context-dev), "
            "or build without parked waits: -DINTERLOOP_PARKING=OFF")
    endif()
endif()

find_program(INTERLOOP_CCACHE ccache)
mark_as_advanced(INTERLOOP_CCACHE)

function(interloop_setup_target target)
    target_compile_features(${target} PRIVATE cxx_std_20)
    target_compile_options(${target} PRIVATE -Wall -Wextra)
    set_target_properties(${target} PROPERTIES
        CXX_EXTENSIONS OFF
        CXX_VISIBILITY_PRESET hidden
        VISIBILITY_INLINES_HIDDEN ON
        POSITION_INDEPENDENT_CODE ON)

    if(INTERLOOP_SANITIZE)
        list(JOIN INTERLOOP_SANITIZE "," sanitizers)
        target_compile_options(${target} PRIVATE
            -fsanitize=${sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer)
        target_link_options(${target} PRIVATE -fsanitize=${sanitizers})
    endif()

    if(INTERLOOP_CCACHE AND PROJECT_IS_TOP_LEVEL AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
        # The sloppiness and the options are what ccache's manual asks for with precompiled headers.
        set_target_properties(${target} PROPERTIES CXX_COMPILER_LAUNCHER
            "${CMAKE_COMMAND};-E;env;CCACHE_SLOPPINESS=pch_defines,time_macros;${INTERLOOP_CCACHE}")
        target_compile_options(${target} PRIVATE
            $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>
            "$<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>")
    endif()
endfunction()
