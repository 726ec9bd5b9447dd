#include "base/suggest.h"

#include <array>

#include "catch.h"

namespace weir {
namespace {

constexpr std::array<std::string_view, 5> known{"port", "default", "workers", "max-flows",
                                                "max-flows-per-client"};

TEST_CASE("a slip or two still means the word") {
  CHECK(nearest("prot", known) == "port");
  CHECK(nearest("PORT", known) == "port");
  CHECK(nearest("workes", known) == "workers");
  CHECK(nearest("wrokesr", known) == "workers");
  CHECK(nearest("max_flows", known) == "max-flows");
  CHECK(nearest("max-flow-per-clients", known) == "max-flows-per-client");
}

TEST_CASE("a different word means nothing") {
  CHECK(nearest("", known).empty());
  CHECK(nearest("x", known).empty());
  CHECK(nearest("rate", known).empty());
  CHECK(nearest(std::string(10'000, 'p'), known).empty());
  CHECK(nearest("port", {}).empty());
}

TEST_CASE("the question ends a sentence or is not asked") {
  CHECK(did_you_mean("prot", known) == ", did you mean 'port'?");
  CHECK(did_you_mean("frobnicate", known).empty());
}

}  // namespace
}  // namespace weir
