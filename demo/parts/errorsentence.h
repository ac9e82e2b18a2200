// SPDX-License-Identifier: MIT
#pragma once

#include <QString>

#include <exception>

/*
 * What went wrong, as a sentence for a person, with a full stop. Never empty.
 */

QString errorSentence(const std::exception_ptr &error);
