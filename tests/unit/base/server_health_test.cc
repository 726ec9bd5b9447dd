// Ejection, trials, slow start and what the operator sets, with a clock made up.
#include "weir/server_health.h"

#include <cerrno>
#include <chrono>
#include <memory>

#include "base/server_counts.h"
#include "catch.h"
#include "weir/server.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using Availability = ServerHealth::Availability;
using State = ServerHealth::State;
using AdminState = ServerHealth::AdminState;
using Checked = ServerHealth::Checked;

const Instant start{1'000s};

struct Healthy {
  explicit Healthy(const ServerHealth::Terms& terms) { health.set_terms(terms); }
  void fail(int times, Instant now = start) {
    for (int i = 0; i < times; ++i) {
      health.note_failure(now);
    }
  }
  ServerHealth health;
};

const ServerHealth::Terms terms{.eject_after = 3, .eject_time = 10s, .slow_start = 0s};

}  // namespace

TEST_CASE("so many failures in a row eject a server, and a success between them does not count") {
  Healthy server(terms);
  server.fail(2);
  server.health.note_success(start);
  server.fail(2);
  CHECK(server.health.state() == State::up);
  CHECK(server.health.availability(start) == Availability::available);
  server.fail(1);
  CHECK(server.health.state() == State::ejected);
  CHECK(server.health.availability(start + 9'999ms) == Availability::ejected);
}

TEST_CASE("after the ejection one flow at a time goes there on trial") {
  Healthy server(terms);
  server.fail(3);
  const Instant later = start + 10s;
  CHECK(server.health.availability(later) == Availability::half_open);
  CHECK(server.health.claim_trial(later));
  CHECK_FALSE(server.health.claim_trial(later));
  CHECK(server.health.availability(later) == Availability::ejected);
  SECTION("its success brings the server back") {
    server.health.note_success(later + 1s);
    CHECK(server.health.availability(later + 1s) == Availability::available);
    server.fail(2, later + 2s);
    CHECK(server.health.availability(later + 2s) == Availability::available);
  }
  SECTION("its failure ejects it again at once, for as long") {
    server.fail(1, later + 1s);
    CHECK(server.health.availability(later + 10s) == Availability::ejected);
    CHECK(server.health.availability(later + 11s) == Availability::half_open);
  }
  SECTION("when it is never heard of again, the next trial comes all the same") {
    CHECK(server.health.availability(later + 10s) == Availability::half_open);
    CHECK(server.health.claim_trial(later + 10s));
  }
}

TEST_CASE("checks that find an ejected server well bring its trial forward, and no more") {
  Healthy server(terms);
  server.health.offer_trial(start);
  CHECK(server.health.availability(start) == Availability::available);
  server.fail(3);
  server.health.offer_trial(start + 2s);
  CHECK(server.health.availability(start + 2s) == Availability::half_open);
  CHECK(server.health.claim_trial(start + 2s));
  CHECK(server.health.availability(start + 11s) == Availability::ejected);
}

TEST_CASE("a claim that comes after a success is granted") {
  Healthy server(terms);
  server.fail(3);
  server.health.note_success(start);
  CHECK(server.health.claim_trial(start));
}

TEST_CASE("eject-after = 0 never ejects, and lets out who was") {
  Healthy server({.eject_after = 0, .eject_time = 10s, .slow_start = 0s});
  server.fail(1'000);
  CHECK(server.health.availability(start) == Availability::available);
  Healthy other(terms);
  other.fail(3);
  other.health.set_terms({.eject_after = 0, .eject_time = 10s, .slow_start = 0s});
  CHECK(other.health.availability(start) == Availability::available);
}

TEST_CASE("the operator and the checks close a server; the operator's word is shown first") {
  Healthy server(terms);
  server.health.set_checked(Checked::down, start);
  CHECK(server.health.state() == State::down);
  CHECK(server.health.availability(start) == Availability::unavailable);
  server.health.set_admin_state(AdminState::drain, start);
  CHECK(server.health.state() == State::drain);
  server.health.set_checked(Checked::up, start);
  CHECK(server.health.availability(start) == Availability::unavailable);
  server.health.set_admin_state(AdminState::down, start);
  CHECK(server.health.state() == State::down);
  server.health.set_admin_state(AdminState::up, start);
  CHECK(server.health.state() == State::up);
  CHECK(server.health.availability(start) == Availability::available);
}

TEST_CASE("a server that the checks see up again is no longer ejected") {
  Healthy server(terms);
  server.fail(3);
  server.health.set_checked(Checked::down, start);
  server.health.set_checked(Checked::up, start + 1s);
  CHECK(server.health.availability(start + 1s) == Availability::available);
}

TEST_CASE("with slow start a server that came back regains its share over that time") {
  Healthy server({.eject_after = 3, .eject_time = 10s, .slow_start = 8s});
  CHECK(server.health.share(start) == ServerHealth::whole);  // it was never away
  const auto comeback = GENERATE(0, 1, 2);
  if (comeback == 0) {
    server.fail(3);
    server.health.note_success(start);
  } else if (comeback == 1) {
    server.health.set_checked(Checked::down, start);
    server.health.set_checked(Checked::up, start);
  } else {
    server.health.set_admin_state(AdminState::drain, start);
    server.health.set_admin_state(AdminState::up, start);
  }
  CHECK(server.health.share(start) == 1);
  CHECK(server.health.share(start + 2s) == ServerHealth::whole / 4);
  CHECK(server.health.share(start + 4s) == ServerHealth::whole / 2);
  CHECK(server.health.share(start + 8s) == ServerHealth::whole);
  CHECK(server.health.share(start - 1s) == 1);
}

TEST_CASE("what is our own fault is not the server's") {
  Server server({"pool", "a", "192.0.2.1", 80});
  server.health.set_terms(terms);
  for (const int code : {EMFILE, ENFILE, EADDRINUSE, EADDRNOTAVAIL, EACCES, EPERM, ENOMEM}) {
    for (int i = 0; i < 5; ++i) {
      server.note_failure(start, code);
    }
  }
  CHECK(server.failures_total.load() == 0);
  CHECK(server.health.state() == State::up);
  for (const int code : {ECONNREFUSED, ETIMEDOUT, 0}) {
    server.note_failure(start, code);
  }
  CHECK(server.failures_total.load() == 3);
  CHECK(server.health.state() == State::ejected);
}

TEST_CASE("a server that is taken counts it until the last holder lets go") {
  const auto server = std::make_shared<Server>(Server::Identity{"pool", "a", "192.0.2.1", 80});
  auto first = Server::take(server, 0, 2);
  auto second = Server::take(server, 0, 2);
  CHECK(first == server);
  CHECK(Server::take(server, 0, 2) == nullptr);
  CHECK(server->counts().load() == 2);
  const auto copy = first;
  first.reset();
  CHECK(Server::take(server, 0, 2) == nullptr);
  second.reset();
  CHECK(Server::take(server, 0, 2) != nullptr);
  CHECK(Server::take(server, 0, 0) != nullptr);
  CHECK(server->counts().load() == 1);
}

TEST_CASE("what one target meets with never ejects a server, what several do does") {
  using Doubt = ServerHealth::Doubt;
  Healthy server(terms);
  for (int i = 0; i < 100; ++i) {
    CHECK(server.health.note_doubt(start, 1) == Doubt::targets);
  }
  CHECK(server.health.state() == State::up);
  CHECK(server.health.note_doubt(start, 2) == Doubt::servers);
  CHECK(server.health.state() == State::up);
  CHECK(server.health.note_doubt(start, 2) == Doubt::servers);  // counted already
  CHECK(server.health.state() == State::up);
  CHECK(server.health.note_doubt(start, 3) == Doubt::servers);
  CHECK(server.health.state() == State::ejected);
}

TEST_CASE("a success between them ends a row of doubts, too") {
  using Doubt = ServerHealth::Doubt;
  Healthy server(terms);
  server.health.note_doubt(start, 1);
  server.health.note_doubt(start, 2);
  server.health.note_success(start);
  CHECK(server.health.note_doubt(start, 3) == Doubt::targets);
  CHECK(server.health.note_doubt(start, 1) == Doubt::servers);
  CHECK(server.health.state() == State::up);
}

TEST_CASE("a single doubt ejects no server, however little it takes") {
  Healthy server({.eject_after = 1, .eject_time = 10s, .slow_start = 0s});
  server.health.note_doubt(start, 7);
  CHECK(server.health.state() == State::up);
  server.health.note_doubt(start, 8);
  CHECK(server.health.state() == State::ejected);
}

TEST_CASE("it is known when a server was last heard, to a quarter of a second") {
  Healthy server(terms);
  CHECK_FALSE(server.health.was_heard_since(start));
  server.health.note_heard(start);
  CHECK(server.health.was_heard_since(start));
  CHECK(server.health.was_heard_since(start - 10s));
  CHECK_FALSE(server.health.was_heard_since(start + 1s));
  server.health.note_heard(start + 100ms);
  CHECK(server.health.was_heard_since(start + 100ms));
}

}  // namespace weir
