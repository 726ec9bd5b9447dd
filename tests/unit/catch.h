// Catch2 of either major version: Debian 12 has 2.13, whose one header is another one than that of
// version 3. Every test includes this file and nothing of Catch2 itself.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif
