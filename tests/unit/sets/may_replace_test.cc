// Lists that came across cut off.
#include "sets/may_replace.h"

#include "catch.h"

namespace weir {
namespace {

SetSettings set_that(MayShrink may_shrink) {
  return {.name = "a", .location = {"weir.ini", 7}, .may_shrink = may_shrink};
}

TEST_CASE("a set that would shrink to under half its size is refused, unless that is allowed") {
  const SetSettings strict = set_that(MayShrink::no);
  CHECK(may_replace(strict, 100, 50));
  CHECK_FALSE(may_replace(strict, 100, 49));
  CHECK(may_replace(set_that(MayShrink::yes), 100, 0));
  CHECK(may_replace(strict, 101, 51));
  CHECK_FALSE(may_replace(strict, 101, 50));
  CHECK(may_replace(strict, 1, 1));
  CHECK_FALSE(may_replace(strict, 1, 0));
  CHECK(may_replace(strict, 0, 0));
  CHECK(may_replace(strict, 10, 1'000'000));
}

TEST_CASE("the refusal says what would shrink, where it is, and what allows it") {
  const auto named = may_replace(set_that(MayShrink::no), 1'000'000, 3);
  REQUIRE_FALSE(named);
  CHECK(named.error().text() ==
        "[set a] would shrink from 1000000 items to 3, under half of them: 'may-shrink = yes' "
        "allows that");
  CHECK(named.error().location() == SourceLocation{"weir.ini", 7});
  const SetSettings file{.name = "", .location = {}, .files = {{"/l/a", {}}}};
  CHECK(may_replace(file, 10, 3).error().text() ==
        "'/l/a' would shrink from 10 items to 3, under half of them: 'may-shrink = yes' in a "
        "[set NAME] of it allows that");
}

}  // namespace
}  // namespace weir
