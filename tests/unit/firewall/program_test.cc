#include "firewall/program.h"

#include <chrono>

#include "catch.h"

namespace weir::firewall {

TEST_CASE("a program gets its input and leaves output, errors and status") {
  const std::string input(300'000, 'x');
  const Result<Ended> ended = run_program({"sh", "-c", "wc -c; echo oops >&2; exit 3"}, input);
  REQUIRE(ended);
  CHECK(ended.value().output == "300000\n");
  CHECK(ended.value().errors == "oops\n");
  CHECK(ended.value().status == 3);
}

TEST_CASE("a program that a signal ends has a status of its own") {
  const Result<Ended> ended = run_program({"sh", "-c", "kill -9 $$"}, "");
  REQUIRE(ended);
  CHECK(ended.value().status == 137);
}

TEST_CASE("a program that does not end is killed in time, with what it has started") {
  const auto began = std::chrono::steady_clock::now();
  const Result<Ended> ended =
      run_program({"sh", "-c", "sleep 60 & sleep 60"}, "", Milliseconds{100});
  REQUIRE_FALSE(ended);
  CHECK(ended.error().text() == "sh did not end within 0 s, and was killed");
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds{30});
}

TEST_CASE("a program that is not there is named") {
  const Result<Ended> ended = run_program({"no-such-program-of-weir"}, "");
  REQUIRE_FALSE(ended);
  CHECK(ended.error().text() == "no-such-program-of-weir is not installed");
  CHECK_FALSE(is_installed("no-such-program-of-weir"));
  CHECK(is_installed("sh"));
}

TEST_CASE("the first line that says something stands for a message") {
  CHECK(first_line("\n  \nweir: no route\nmore\n") == "no route");
  CHECK(first_line("/dev/stdin:1:2-3: Error: syntax error") ==
        "/dev/stdin:1:2-3: Error: syntax error");
  CHECK(first_line("Warning: cannot open connlabel.conf\nno chain\n") == "no chain");
  CHECK(first_line("").empty());
}

}  // namespace weir::firewall
