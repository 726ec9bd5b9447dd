// A drain step by step: its clock is a number, and what it has the gateway do is written down.
#include "gateway/draining.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/folder.h"
#include "catch.h"

namespace weir {
namespace {

constexpr Milliseconds longest{60'000};

class Drain {
 public:
  Drain() : draining_(*log_, callbacks()) {}

  Draining& operator*() { return draining_; }
  Draining* operator->() { return &draining_; }
  [[nodiscard]] Instant now() const { return now_; }
  void pass(Milliseconds time) { now_ += time; }
  // The gateway's timer: every step that is due until then.
  void run(Milliseconds time) {
    const Instant until = now_ + time;
    while (draining_.due() && *draining_.due() <= until) {
      now_ = std::max(now_, *draining_.due());
      draining_.advance();
    }
    now_ = until;
  }
  // What was done since the last time.
  std::vector<std::string> done() { return std::exchange(done_, {}); }

  bool can_bypass = true;
  Milliseconds rules_take{0};
  bool rules_are_slow = false;  // and their end is the test's to tell
  Result<std::size_t> half_open = std::size_t{0};
  bool has_udp_flows = false;
  bool can_bypass_all = true;

 private:
  static std::unique_ptr<Log> quiet(const Folder& folder) {
    LogSettings settings;
    settings.target = LogTarget::file;
    settings.path = folder / "log";
    return std::move(Log::open(settings)).value();
  }
  bool begin_rules() {
    if (!rules_are_slow) {
      now_ += rules_take;
      draining_.rules_replaced(Draining::Rules::in_place);
    }
    return true;
  }
  Draining::Callbacks callbacks() {
    const auto note = [this](const char* what) { done_.emplace_back(what); };
    return {.now = [this]() { return now_; },
            .bypass_new_flows =
                [this, note]() {
                  note("bypass new");
                  return can_bypass && begin_rules();
                },
            .begin_bypass = [note]() { note("begin bypass"); },
            .stop_taking =
                [note](Draining::NewFlows flows) {
                  note(flows == Draining::NewFlows::bypass ? "stop, bypassed" : "stop, refused");
                },
            .half_open = [this]() { return half_open; },
            .forget_time_wait = [note]() { note("forget TIME_WAIT"); },
            .bypass_all =
                [this, note]() {
                  note("bypass all");
                  return can_bypass_all && begin_rules();
                },
            .has_udp_flows = [this]() { return has_udp_flows; },
            .exit = [note]() { note("exit"); }};
  }

  Folder folder_;
  std::unique_ptr<Log> log_ = quiet(folder_);
  std::vector<std::string> done_;
  Instant now_{std::chrono::hours(1)};
  Draining draining_;
};

using Actions = std::vector<std::string>;

TEST_CASE("without rules that let new flows pass they are refused at once") {
  Drain drain;
  drain.can_bypass = false;
  CHECK_FALSE(drain->is_under_way());
  CHECK_FALSE(drain->due());
  drain->begin(longest);
  CHECK(drain->is_under_way());
  CHECK(drain.done() == Actions{"bypass new", "stop, refused"});
  CHECK(drain->due() == drain.now() + longest);
}

TEST_CASE("a second request to drain changes nothing") {
  Drain drain;
  drain.can_bypass = false;
  drain->begin(longest);
  drain.done();
  const auto due = drain->due();
  drain.pass(Milliseconds{1'000});
  drain->begin(longest);
  CHECK(drain.done().empty());
  CHECK(drain->due() == due);
}

TEST_CASE("listeners close when the handshakes that the old rules let in have ended") {
  Drain drain;
  drain.half_open = std::size_t{2};
  drain->begin(longest);
  CHECK(drain.done() == Actions{"bypass new", "begin bypass"});
  drain.run(Milliseconds{500});
  CHECK(drain.done().empty());
  drain.half_open = std::size_t{0};
  drain.run(Draining::check_interval);
  CHECK(drain.done() == Actions{"forget TIME_WAIT", "stop, bypassed"});
  drain.run(Milliseconds{5'000});
  CHECK(drain.done().empty());
}

TEST_CASE("a handshake whose client is gone is waited for only so long") {
  Drain drain;
  drain.half_open = std::size_t{1};
  drain->begin(longest);
  drain.done();
  drain.run(Draining::longest_handshake - Milliseconds{1});
  CHECK(drain.done().empty());
  drain.run(Draining::check_interval);
  CHECK(drain.done() == Actions{"forget TIME_WAIT", "stop, bypassed"});
}

TEST_CASE(
    "where the kernel does not tell of handshakes, they are waited for as long as they take") {
  Drain drain;
  drain.half_open = Error("no sock_diag");
  drain->begin(longest);
  drain.done();
  drain.run(Draining::longest_handshake - Milliseconds{1});
  CHECK(drain.done().empty());
  drain.run(Draining::check_interval);
  CHECK(drain.done() == Actions{"forget TIME_WAIT", "stop, bypassed"});
}

TEST_CASE("however long it takes to replace the rules, a handshake has its time afterwards") {
  Drain drain;
  drain.rules_take = Draining::longest_handshake * 2;
  drain.half_open = std::size_t{1};
  drain->begin(longest);
  drain.done();
  CHECK(drain->due() == drain.now() + Draining::check_interval);
  drain.run(Draining::longest_handshake - Milliseconds{1});
  CHECK(drain.done().empty());
  drain.run(Draining::check_interval);
  CHECK(drain.done() == Actions{"forget TIME_WAIT", "stop, bypassed"});
}

TEST_CASE("however long it takes to replace the rules, last questions have their time afterwards") {
  Drain drain;
  drain->begin(longest);
  drain.run(Draining::check_interval);
  drain.rules_take = Draining::longest_answer * 2;
  drain.has_udp_flows = true;
  drain->drained();
  drain.done();
  drain.run(Draining::longest_answer - Milliseconds{1});
  CHECK(drain.done().empty());
  drain.run(Draining::check_interval);
  CHECK(drain.done() == Actions{"exit"});
}

TEST_CASE("while the rules are being replaced the gateway serves as before") {
  Drain drain;
  drain.rules_are_slow = true;
  drain->begin(longest);
  CHECK(drain->is_under_way());
  CHECK(drain.done() == Actions{"bypass new"});
  drain.run(longest * 2);
  CHECK(drain.done().empty());
  drain->rules_replaced(Draining::Rules::in_place);
  CHECK(drain.done() == Actions{"begin bypass"});
  drain.run(Draining::check_interval);
  CHECK(drain.done() == Actions{"forget TIME_WAIT", "stop, bypassed"});
  drain.run(longest - Draining::check_interval);
  CHECK(drain.done() == Actions{"bypass all"});
  drain.run(longest);
  CHECK(drain.done().empty());
  drain->rules_replaced(Draining::Rules::in_place);
  CHECK(drain.done().empty());
  drain.run(Draining::check_interval);
  CHECK(drain.done() == Actions{"exit"});
}

TEST_CASE("when the rules could not be replaced after all, new flows are refused") {
  Drain drain;
  drain.rules_are_slow = true;
  drain->begin(longest);
  drain.done();
  drain->rules_replaced(Draining::Rules::as_before);
  CHECK(drain.done() == Actions{"stop, refused"});
  drain->drained();
  CHECK(drain.done() == Actions{"exit"});
}

TEST_CASE("when the last rules could not be put in place after all, the gateway exits") {
  Drain drain;
  drain->begin(longest);
  drain.run(Draining::check_interval);
  drain.done();
  drain.rules_are_slow = true;
  drain->drained();
  CHECK(drain.done() == Actions{"bypass all"});
  drain->rules_replaced(Draining::Rules::as_before);
  CHECK(drain.done() == Actions{"exit"});
}

TEST_CASE("with its last flow a refusing gateway exits") {
  Drain drain;
  drain.can_bypass = false;
  drain->begin(longest);
  drain.done();
  drain->drained();
  CHECK(drain.done() == Actions{"exit"});
  CHECK_FALSE(drain->due());
}

TEST_CASE("flows that do not end are cut off when timeouts.drain is over") {
  Drain drain;
  drain.can_bypass = false;
  drain->begin(longest);
  drain.done();
  drain.run(longest - Milliseconds{1});
  CHECK(drain.done().empty());
  drain.run(Milliseconds{1});
  CHECK(drain.done() == Actions{"exit"});
  drain.run(longest);
  CHECK(drain.done().empty());
}

TEST_CASE("timeouts.drain is over while handshakes are still waited for") {
  Drain drain;
  drain.half_open = std::size_t{1};
  drain->begin(Milliseconds{200});
  drain.done();
  drain.run(Milliseconds{200});
  CHECK(drain.done() == Actions{"bypass all"});
  drain.run(Draining::check_interval);
  CHECK(drain.done() == Actions{"exit"});
}

TEST_CASE("at the end everything passes by before the gateway exits") {
  Drain drain;
  drain->begin(longest);
  drain.run(Draining::check_interval);
  drain.done();
  drain.has_udp_flows = true;
  drain->drained();
  CHECK(drain.done() == Actions{"bypass all"});
  drain.run(Draining::check_interval * 2);
  CHECK(drain.done().empty());
  drain.has_udp_flows = false;
  drain.run(Draining::check_interval);
  CHECK(drain.done() == Actions{"exit"});
}

TEST_CASE("a question that is never answered keeps the gateway no longer than a second") {
  Drain drain;
  drain->begin(longest);
  drain.run(Draining::check_interval);
  drain.done();
  drain.has_udp_flows = true;
  drain->drained();
  drain.done();
  drain.run(Draining::longest_answer - Milliseconds{1});
  CHECK(drain.done().empty());
  drain.run(Draining::check_interval);
  CHECK(drain.done() == Actions{"exit"});
}

TEST_CASE("when the rules cannot let everything pass the gateway exits at once") {
  Drain drain;
  drain->begin(longest);
  drain.run(Draining::check_interval);
  drain.done();
  drain.can_bypass_all = false;
  drain->drained();
  CHECK(drain.done() == Actions{"bypass all", "exit"});
  CHECK_FALSE(drain->due());
}

TEST_CASE("the end of the time while the last questions are answered changes nothing") {
  Drain drain;
  drain->begin(Milliseconds{300});
  drain.run(Draining::check_interval);
  drain.done();
  drain.has_udp_flows = true;
  drain.run(Milliseconds{200});
  drain->drained();
  CHECK(drain.done() == Actions{"bypass all"});
  drain->drained();
  CHECK(drain.done().empty());
  drain.run(Milliseconds{100});
  CHECK(drain.done().empty());
}

TEST_CASE("a gateway that was taken over exits when its flows have ended and it is left alone") {
  Drain drain;
  drain->hand_over(longest);
  CHECK(drain->is_under_way());
  CHECK(drain.done().empty());
  SECTION("first the flows") {
    drain->drained();
    CHECK(drain.done().empty());
    drain->on_successor_disconnected();
  }
  SECTION("first the successor") {
    drain->on_successor_disconnected();
    CHECK(drain.done().empty());
    drain->drained();
  }
  CHECK(drain.done() == Actions{"exit"});
}

TEST_CASE("a gateway that was taken over exits when timeouts.drain is over, whatever it has") {
  Drain drain;
  drain->hand_over(longest);
  drain.run(longest);
  CHECK(drain.done() == Actions{"exit"});
}

}  // namespace
}  // namespace weir
