// SPDX-License-Identifier: MIT
// Carries the precompiled headers that the tests share.
