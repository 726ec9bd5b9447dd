// What a handshake leaves in the socket, what it blames, and how a dial goes on after it.
#include "dial/handshake_driver.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <vector>

#include "caller.h"
#include "catch.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using Outcome = TcpDial::Outcome;
using State = HandshakeDriver::State;
using Fault = Handshake::Fault;

// Says a line and waits for "yes\n"; "no\n" is the server's fault, "far\n" the target's.
class Asks final : public Handshake {
 public:
  explicit Asks(std::string line) : line_(std::move(line)) {}
  State start(const Opening& opening, std::string& out) override {
    out += line_ + " " + std::string(opening.flow_id) + "\n";
    return State::waiting;
  }
  Progress receive(std::string_view in, std::string&) override {
    const auto end = in.find('\n');
    heard_ += in.substr(0, end);
    if (end == std::string_view::npos) {
      return {State::waiting, in.size()};
    }
    if (heard_ == "yes") {
      return {State::done, end + 1};
    }
    return fail("it says " + heard_, heard_ == "far" ? Fault::target : Fault::server);
  }
  [[nodiscard]] bool is_requesting() const override { return line_ == "reach it"; }

 private:
  std::string line_;
  std::string heard_;
};

// Says a line, and that is all.
class Tells final : public Handshake {
 public:
  explicit Tells(std::string line) : line_(std::move(line)) {}
  State start(const Opening&, std::string& out) override {
    out += line_ + "\n";
    return State::done;
  }
  Progress receive(std::string_view, std::string&) override { return {State::done, 0}; }

 private:
  std::string line_;
};

// Breaks the contract of receive(): always the same progress. Fails by itself at the thousandth
// call, so that a handshake that makes them ends.
class Repeats final : public Handshake {
 public:
  explicit Repeats(Progress progress) : progress_(progress) {}
  State start(const Opening&, std::string&) override { return State::waiting; }
  Progress receive(std::string_view, std::string&) override {
    return ++asked_ < 1000 ? progress_ : fail("asked a thousand times");
  }

 private:
  Progress progress_;
  int asked_ = 0;
};

template <typename H, typename Said>
Hop hop(const Said& said, std::shared_ptr<Server> server = nullptr,
        const std::string& upstream = "pool") {
  return {
      .server = std::move(server), .upstream = upstream, .handshake = std::make_unique<H>(said)};
}

// A TCP connection: ours speaks, theirs is the server.
struct Pair {
  Pair() {
    const Listening listener("127.0.0.1:0");
    ours.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_storage raw{};
    const socklen_t length = listener.local.to(raw);
    REQUIRE(connect(ours.get(), reinterpret_cast<const sockaddr*>(&raw), length) == 0);
    theirs.reset(accept4(listener.socket.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    REQUIRE(theirs.valid());
  }
  void say(const std::string& words) const {
    REQUIRE(send(theirs.get(), words.data(), words.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(words.size()));
  }
  // Goes on once there is something to hear.
  [[nodiscard]] State advance(HandshakeDriver& talk) const {
    wait_for(ours, POLLIN);
    return talk.advance(ours.get());
  }
  static void wait_for(const Descriptor& by, short what) {
    pollfd ready{by.get(), what, 0};
    REQUIRE(poll(&ready, 1, 10'000) == 1);
  }
  // Exactly so many bytes.
  static std::string heard(const Descriptor& by, std::size_t size) {
    std::string out;
    while (out.size() < size) {
      wait_for(by, POLLIN);
      std::array<char, 65536> buffer{};
      const ssize_t got =
          recv(by.get(), buffer.data(), std::min(buffer.size(), size - out.size()), MSG_DONTWAIT);
      REQUIRE(got > 0);
      out.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return out;
  }
  static bool hears(const Descriptor& by, const std::string& words) {
    return heard(by, words.size()) == words && hears_nothing(by);
  }
  static bool hears_nothing(const Descriptor& by) {
    char byte = 0;
    return recv(by.get(), &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
  }
  Descriptor ours;
  Descriptor theirs;
};

std::vector<Hop> two_questions() {
  std::vector<Hop> out;
  out.push_back(hop<Asks>("first"));
  out.push_back(hop<Asks>("second"));
  return out;
}

// A server that answers every connection's first words with its own.
struct Answering {
  explicit Answering(std::string words) : server("127.0.0.1:0"), answer(std::move(words)) {}
  Descriptor serve(Caller& caller) {
    pollfd ready{server.socket.get(), POLLIN, 0};
    REQUIRE(poll(&ready, 1, 10'000) == 1);
    Descriptor one(accept4(server.socket.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    REQUIRE(one.valid());
    REQUIRE(send(one.get(), answer.data(), answer.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(answer.size()));
    caller.wait();
    return one;
  }
  Listening server;
  std::string answer;
};

void through_office(Route& route, const std::shared_ptr<Server>& proxy) {
  route.first_hop = proxy;
  route.first_hop_upstream = "office";
  route.hops.push_back(hop<Asks>("open", proxy, "office"));
}

void ask(Scripted& pool) {
  pool.hops = [](Route& route, const Flow&, const Target&) {
    route.hops.push_back(hop<Asks>("open", route.server));
  };
}

}  // namespace

TEST_CASE("each hop speaks when the one before it was answered") {
  const Pair pair;
  const auto hops = two_questions();
  HandshakeDriver talk(hops, "flow-1");
  CHECK(talk.advance(pair.ours.get()) == State::waiting);
  CHECK(Pair::hears(pair.theirs, "first flow-1\n"));
  CHECK(talk.advance(pair.ours.get()) == State::waiting);
  CHECK(Pair::hears_nothing(pair.theirs));
  pair.say("ye");
  CHECK(pair.advance(talk) == State::waiting);
  CHECK(Pair::hears_nothing(pair.theirs));
  pair.say("s\n");
  CHECK(pair.advance(talk) == State::waiting);
  CHECK(Pair::hears(pair.theirs, "second flow-1\n"));
  pair.say("yes\n");
  CHECK(pair.advance(talk) == State::done);
  CHECK(Pair::hears_nothing(pair.ours));
}

TEST_CASE("payload behind the last answer stays in the socket, however much there is") {
  for (const std::string& payload : {std::string("220 hello\r\n"), std::string(50'000, 'p')}) {
    const Pair pair;
    const auto hops = two_questions();
    HandshakeDriver talk(hops, "flow-1");
    pair.say("yes\nyes\n" + payload);
    CHECK(pair.advance(talk) == State::done);
    CHECK(Pair::hears(pair.theirs, "first flow-1\nsecond flow-1\n"));
    CHECK(Pair::hears(pair.ours, payload));
  }
}

TEST_CASE("hops that wait for nothing are said in one go with the next, and answered words stay") {
  const Pair pair;
  std::vector<Hop> hops;
  hops.push_back(hop<Tells>("PROXY"));
  hops.push_back(hop<Asks>("open"));
  hops.push_back(hop<Tells>("PROXY again"));
  HandshakeDriver talk(hops, "flow-1");
  CHECK(talk.advance(pair.ours.get()) == State::waiting);
  CHECK(Pair::hears(pair.theirs, "PROXY\nopen flow-1\n"));
  pair.say("yes\n220 server speaks first\n");
  CHECK(pair.advance(talk) == State::done);
  CHECK(Pair::hears(pair.theirs, "PROXY again\n"));
  CHECK(Pair::hears(pair.ours, "220 server speaks first\n"));
}

TEST_CASE("words that do not fit the socket are said when it has room") {
  const Pair pair;
  const std::string much(20'000'000, 'm');
  std::vector<Hop> hops;
  hops.push_back(hop<Tells>(much));
  HandshakeDriver talk(hops, "flow-1");
  std::string heard;
  State state = talk.advance(pair.ours.get());
  CHECK(state == State::waiting);
  while (state == State::waiting) {
    heard += Pair::heard(pair.theirs, 65'536);
    state = talk.advance(pair.ours.get());
  }
  CHECK(state == State::done);
  heard += Pair::heard(pair.theirs, much.size() + 1 - heard.size());
  const bool whole = heard == much + "\n";
  CHECK(whole);
}

TEST_CASE("a failure names the hop, the phrase and whose fault it is") {
  const Pair pair;
  const auto hops = two_questions();
  HandshakeDriver talk(hops, "flow-1");
  pair.say("yes\nfar\nleft over");
  CHECK(pair.advance(talk) == State::failed);
  CHECK(talk.hop() == 1);
  CHECK(talk.error() == "it says far");
  CHECK(talk.fault() == Fault::target);
}

TEST_CASE("a handshake that makes no progress fails at once, and not its server") {
  const auto ends = [](Handshake::Progress progress) {
    const Pair pair;
    std::vector<Hop> hops;
    hops.push_back(hop<Repeats>(progress));
    HandshakeDriver talk(hops, "flow-1");
    pair.say("four");
    CHECK(pair.advance(talk) == State::failed);
    CHECK(talk.fault() == Fault::target);
    CHECK(Pair::hears(pair.ours, "four"));
    return talk.error();
  };
  CHECK(ends({Handshake::State::waiting, 0}) ==
        "a fault in weir: the handshake waits for more and takes nothing");
  const std::string too_much = "a fault in weir: the handshake takes more than there is";
  CHECK(ends({Handshake::State::waiting, 5}) == too_much);
  CHECK(ends({Handshake::State::done, 5}) == too_much);
}

TEST_CASE("a handshake that waits may leave bytes, as long as it takes some") {
  const Pair pair;
  std::vector<Hop> hops;
  hops.push_back(hop<Repeats>(Handshake::Progress{Handshake::State::waiting, 1}));
  HandshakeDriver talk(hops, "flow-1");
  pair.say("four");
  CHECK(pair.advance(talk) == State::waiting);
  CHECK(Pair::hears_nothing(pair.ours));
}

TEST_CASE("a server that closes before its answer is complete fails the hop it was asked by") {
  for (const std::string before : {"", "ye", "yes\n", "yes\nye"}) {
    Pair pair;
    const auto hops = two_questions();
    HandshakeDriver talk(hops, "flow-1");
    if (!before.empty()) {
      pair.say(before);
    }
    REQUIRE(shutdown(pair.theirs.get(), SHUT_WR) == 0);
    CHECK(pair.advance(talk) == State::failed);
    CHECK(talk.hop() == (before.starts_with("yes\n") ? 1 : 0));
    CHECK(talk.error() == "the server closed the connection");
    CHECK(talk.fault() == Fault::server);
  }
}

TEST_CASE("a server that hangs up once it knows whom to reach may do so because of that") {
  for (const auto& [line, fault] :
       {std::pair("hello", Fault::server), std::pair("reach it", Fault::request)}) {
    Pair pair;
    std::vector<Hop> hops;
    hops.push_back(hop<Asks>(line));
    HandshakeDriver talk(hops, "flow-1");
    CHECK(talk.silence() == Fault::server);  // nothing was said yet
    CHECK(talk.advance(pair.ours.get()) == State::waiting);
    CHECK(talk.silence() == fault);
    REQUIRE(shutdown(pair.theirs.get(), SHUT_WR) == 0);
    CHECK(pair.advance(talk) == State::failed);
    CHECK(talk.fault() == fault);
  }
}

TEST_CASE("last words that cannot be sent any more are the last hop's failure") {
  Pair pair;
  // What a server that has read nothing closes is reset.
  REQUIRE(send(pair.ours.get(), "x", 1, MSG_NOSIGNAL) == 1);
  pair.theirs.reset();
  Pair::wait_for(pair.ours, POLLHUP);
  std::vector<Hop> hops;
  hops.push_back(hop<Tells>("PROXY"));
  HandshakeDriver talk(hops, "flow-1");
  CHECK(talk.advance(pair.ours.get()) == State::failed);
  CHECK(talk.hop() == 0);
  CHECK_FALSE(talk.error().empty());
}

TEST_CASE("a dial ends when the handshakes are done, and the payload is the flow's") {
  if (!may_intercept()) {
    return;
  }
  Answering server("yes\n220 hello\n");
  Scripted pool(4, {server.server.local});
  ask(pool);
  Caller caller(pool);
  REQUIRE(caller.start() == Outcome::connecting);
  const Descriptor accepted = server.serve(caller);
  CHECK(caller.outcome == Outcome::connected);
  CHECK(caller.reports == 1);
  CHECK_FALSE(caller.waits_for_time());
  const Descriptor socket = caller.dial->take_socket().socket;
  CHECK(Pair::hears(socket, "220 hello\n"));
  CHECK(Pair::hears(accepted, "open flow-1\n"));
}

TEST_CASE("a handshake that fails blames the server and goes on with the next one") {
  if (!may_intercept()) {
    return;
  }
  Answering refusing("no\n");
  Answering willing("yes\n");
  Scripted pool(4, {refusing.server.local, willing.server.local});
  ask(pool);
  Caller caller(pool);
  REQUIRE(caller.start() == Outcome::connecting);
  const auto accepted = [](const Answering& by) {
    pollfd ready{by.server.socket.get(), POLLIN, 0};
    REQUIRE(poll(&ready, 1, 10'000) == 1);
    Descriptor one(accept4(by.server.socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
    REQUIRE(send(one.get(), by.answer.data(), by.answer.size(), MSG_NOSIGNAL) > 0);
    return one;
  };
  const Descriptor first = accepted(refusing);
  caller.wait([&]() { return caller.dial->attempts() == 2; });
  const Descriptor second = accepted(willing);
  caller.wait();
  CHECK(caller.outcome == Outcome::connected);
  CHECK(caller.retried == std::vector<std::string>{"server1"});
  CHECK(pool.servers()[0]->failures_total == 1);
  CHECK(pool.servers()[1]->failures_total == 0);
  CHECK(caller.sockets.size() == 1);
  CHECK(Pair::hears_nothing(caller.dial->take_socket().socket));
}

TEST_CASE("a target that the proxy cannot reach is not the proxy's fault, nor tried again") {
  if (!may_intercept()) {
    return;
  }
  Answering server("far\n");
  Scripted pool(4, {server.server.local, server.server.local});
  ask(pool);
  Caller caller(pool);
  REQUIRE(caller.start() == Outcome::connecting);
  const Descriptor accepted = server.serve(caller);
  CHECK(caller.outcome == Outcome::target_failed);
  CHECK(caller.dial->error() == "it says far");
  CHECK(caller.dial->attempts() == 1);
  CHECK(pool.servers()[0]->failures_total == 0);
  CHECK(caller.retried.empty());
  CHECK(caller.sockets.empty());
}

TEST_CASE("what a proxy says of the next server on the way is that server's fault") {
  if (!may_intercept()) {
    return;
  }
  Answering server("far\n");
  const Scripted proxies(1, {server.server.local});
  Scripted pool(1, {server.server.local});
  pool.hops = [&](Route& route, const Flow&, const Target&) {
    through_office(route, proxies.servers()[0]);
  };
  Caller caller(pool);
  REQUIRE(caller.start() == Outcome::connecting);
  const Descriptor accepted = server.serve(caller);
  CHECK(caller.outcome == Outcome::target_failed);
  CHECK(caller.dial->error() == "handshake with office/server1: it says far");
  CHECK(proxies.servers()[0]->failures_total == 0);
  CHECK(pool.servers()[0]->failures_total == 1);
  CHECK(path_of(caller.dial->route(), "pool") == "office/server1>server1");
}

TEST_CASE("every server of a chain that opened has had a success") {
  if (!may_intercept()) {
    return;
  }
  Answering server("yes\nyes\n");
  const Scripted proxies(1, {server.server.local});
  Scripted pool(1, {server.server.local});
  pool.hops = [&](Route& route, const Flow&, const Target&) {
    through_office(route, proxies.servers()[0]);
    route.hops.push_back(hop<Asks>("open", route.server));
  };
  const auto& proxy = proxies.servers()[0]->health;
  const auto& last = pool.servers()[0]->health;
  for (const auto& one : {proxies.servers()[0], pool.servers()[0]}) {
    one->health.set_terms({.eject_after = 1, .eject_time = 10s, .slow_start = 0s});
    one->note_failure(Instant{});
    REQUIRE(one->health.state() == ServerHealth::State::ejected);
  }
  Caller caller(pool);
  REQUIRE(caller.start() == Outcome::connecting);
  const Descriptor accepted = server.serve(caller);
  CHECK(caller.outcome == Outcome::connected);
  CHECK(proxy.state() == ServerHealth::State::up);
  CHECK(last.state() == ServerHealth::State::up);
}

TEST_CASE(
    "a silent server is given up after timeouts.handshake, which begins with the connection") {
  if (!may_intercept()) {
    return;
  }
  const Listening server("127.0.0.1:0");
  Scripted pool(1, {server.local});
  ask(pool);
  Caller caller(pool, 10s);
  REQUIRE(caller.start() == Outcome::connecting);
  pollfd ready{server.socket.get(), POLLIN, 0};
  REQUIRE(poll(&ready, 1, 10'000) == 1);
  const Descriptor accepted(accept4(server.socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
  const auto said = [&]() {
    char byte = 0;
    return recv(accepted.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
  };
  caller.wait(said);
  caller.pass(9s);
  CHECK_FALSE(caller.outcome.has_value());
  caller.pass(1100ms);
  CHECK(caller.outcome == Outcome::handshake_timed_out);
  CHECK(caller.dial->error() == "no answer within timeouts.handshake");
  CHECK(pool.servers()[0]->failures_total == 1);
  CHECK(caller.sockets.empty());
  CHECK_FALSE(caller.waits_for_time());
}

TEST_CASE("what this machine cannot do is no failure of the server's") {
  if (!may_intercept()) {
    return;
  }
  const Listening server("127.0.0.1:0");
  const Scripted pool(2, {server.local, server.local},
                      {SourceKind::address, Address::parse("203.0.113.9").value()});
  Caller caller(pool);
  CHECK(caller.start() == Outcome::source_unavailable);
  CHECK(caller.dial->attempts() == 2);  // another server may need another source
  CHECK(pool.servers()[0]->failures_total == 0);
  CHECK(pool.servers()[1]->failures_total == 0);
}

}  // namespace weir
