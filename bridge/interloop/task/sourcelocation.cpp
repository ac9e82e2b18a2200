// SPDX-License-Identifier: MIT
#include <interloop/task/sourcelocation.h>

#include <string_view>

namespace interloop {

namespace {

void removeAll(std::string &text, std::string_view part)
{
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at))
        text.erase(at, part.size());
}

// Without parameters and whatever follows them, and without the return type in front.
std::string withoutSignature(std::string_view text)
{
    std::size_t begin = 0;
    int depth = 0; // of angle brackets
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '<')
            ++depth;
        else if (c == '>')
            --depth;
        else if (depth == 0 && c == ' ')
            begin = i + 1;
        else if (depth == 0 && c == '(')
            return std::string(text.substr(begin, i - begin));
    }
    return std::string(text.substr(begin));
}

} // namespace

std::string toString(const std::source_location &location)
{
    if (!isKnown(location))
        return {};
    const std::string_view file = location.file_name();
    const std::size_t slash = file.find_last_of('/');
    return std::string(slash == file.npos ? file : file.substr(slash + 1)) + ':' + std::to_string(location.line());
}

std::string atLocation(const std::source_location &location)
{
    return isKnown(location) ? " at " + toString(location) : std::string();
}

// What compilers write: g++ "Task<> a::b(int)", "main()::<lambda(int)>"; clang "auto main()::(anonymous class)::operator()(int) const".
std::string functionName(const std::source_location &location)
{
    if (!isKnown(location))
        return {};
    std::string text = location.function_name();
    removeAll(text, "(anonymous namespace)::");
    removeAll(text, "{anonymous}::");
    for (const std::string_view lambda : {"::<lambda", "::(anonymous class)", "::(lambda"}) {
        if (const std::size_t at = text.find(lambda); at != std::string::npos)
            return "a lambda in " + withoutSignature(std::string_view(text).substr(0, at));
    }
    return withoutSignature(text);
}

} // namespace interloop
