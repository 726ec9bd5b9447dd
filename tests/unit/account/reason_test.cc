#include "account/reason.h"

#include <set>

#include "catch.h"

namespace weir {
namespace {

TEST_CASE("every reason has a name of its own, in the label's spelling") {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < static_cast<std::size_t>(Reason::count); ++i) {
    const auto name = name_of(static_cast<Reason>(i));
    CHECK(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == std::string_view::npos);
    CHECK(name != "unknown");
    names.insert(name);
  }
  CHECK(names.size() == static_cast<std::size_t>(Reason::count));
  CHECK(name_of(Reason::max_flows_per_client) == "max-flows-per-client");
}

TEST_CASE("a reason's counter counts") {
  Reasons reasons;
  reasons.add(Reason::loop);
  reasons.add(Reason::loop, 2);
  CHECK(reasons.get(Reason::loop) == 3);
  CHECK(reasons.get(Reason::max_flows) == 0);
}

}  // namespace
}  // namespace weir
