#include "health/rise_fall.h"

#include <optional>
#include <string>

#include "catch.h"

namespace weir {
namespace {

// What each result changes: '+' up, '-' down, '.' nothing. "ssf" is success, success, failure.
std::string changes(const std::string& results, int rise, int fall) {
  CheckTerms terms;
  terms.rise = rise;
  terms.fall = fall;
  RiseFall state;
  std::string out;
  for (const char result : results) {
    const auto changed =
        state.note(result == 's' ? CheckResult::succeeded : CheckResult::failed, terms);
    out += !changed ? '.' : *changed == RiseFall::Checked::up ? '+' : '-';
  }
  return out;
}

}  // namespace

TEST_CASE("a server is down after so many failures in a row, and up after so many successes") {
  CHECK(changes("sfffss", 2, 3) == "+..-.+");
  CHECK(changes("sffsfffsfss", 2, 3) == "+.....-...+");
  CHECK(changes("sfs", 1, 1) == "+-+");
}

TEST_CASE("the first success is enough for a server not checked before") {
  CHECK(changes("fffs", 3, 4) == "...+");
  CHECK(changes("ffff", 1, 3) == "..-.");
}

TEST_CASE("more of the same changes nothing") {
  CHECK(changes("ssssss", 2, 3) == "+.....");
  CHECK(changes("ffffff", 2, 2) == ".-....");
}

}  // namespace weir
