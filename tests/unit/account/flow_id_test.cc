#include "account/flow_id.h"

#include <set>
#include <string>

#include "catch.h"

namespace weir {
namespace {

TEST_CASE("flow ids differ within a worker, between workers and between processes") {
  std::set<std::string> seen;
  for (const std::uint64_t process : {1U, 2U}) {
    for (const unsigned worker : {0U, 1U, 31U, 32U}) {
      FlowIds ids(process, worker);
      for (int i = 0; i < 100; ++i) {
        seen.insert(ids.text(ids.next()));
      }
    }
  }
  CHECK(seen.size() == 800);  // 2 gateways, 4 workers, 100 each
}

TEST_CASE("a flow id is short and plain, even the last one") {
  const FlowIds ids(~std::uint64_t{0}, 1023);
  const auto text = ids.text(~std::uint64_t{0});
  CHECK(text == "zzzzzzzz-1zzz-7zzzzzzzzz");
  CHECK(text.size() <= 24);
}

TEST_CASE("the same number has the same text") {
  FlowIds ids(FlowIds::random_process(), 3);
  const auto number = ids.next();
  CHECK(ids.text(number) == ids.text(number));
}

TEST_CASE("two processes draw different prefixes") {
  CHECK(FlowIds::random_process() != FlowIds::random_process());
}

TEST_CASE("a successor names a process's flows as before, and gives new names") {
  FlowIds before(12345, 3);
  const auto handed = before.next();
  const auto name = before.text(handed);
  FlowIds after(12345, 3, before.last());
  CHECK(after.text(handed) == name);
  CHECK(after.text(after.next()) == before.text(before.next()));
  const FlowIds another_worker(12345, 0);
  CHECK(another_worker.text(handed) == name);
  CHECK(another_worker.number(name) == handed);
}

TEST_CASE("a number is found by its text, within its process and by no other spelling") {
  FlowIds ids(12345, 3);
  const FlowIds restarted(12346, 3);
  for (int i = 0; i < 100; ++i) {
    const auto number = ids.next();
    const auto text = ids.text(number);
    CHECK(ids.number(text) == number);
    CHECK_FALSE(restarted.number(text));
    CHECK_FALSE(ids.number(text + " "));
    CHECK_FALSE(ids.number(text + "i"));
  }
  const auto text = ids.text(7);
  const auto dash = text.rfind('-') + 1;
  CHECK_FALSE(ids.number(text.substr(0, dash)));
  CHECK_FALSE(ids.number(text.substr(0, dash) + "07"));
  CHECK_FALSE(ids.number(text.substr(0, dash) + "g0000000000000007"));
  CHECK_FALSE(ids.number(""));
}

}  // namespace
}  // namespace weir
