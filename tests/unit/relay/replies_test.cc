// How clients are answered from addresses that are not ours: the sockets bound to them, the raw way
// where another socket holds them, and ICMP errors in their name and for our own datagrams.
//
// These need CAP_NET_ADMIN; elsewhere they say that they were skipped.
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <optional>
#include <string>
#include <vector>

#include "catch.h"
#include "ledger.h"
#include "relay/error_queue.h"
#include "relay/pipe_pool.h"
#include "relay/raw_sender.h"
#include "relay/reply_sockets.h"
#include "transparent_sockets.h"
#include "udp_end.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

constexpr Instant start{1s};

Endpoint endpoint(const std::string& text) { return Endpoint::parse(text).value(); }

struct Raws {
  std::vector<std::pair<std::string, int>> reported;
  ReplySockets make(std::size_t max) {
    return ReplySockets(max, [this](const Endpoint& destination, int code) {
      reported.emplace_back(destination.text(), code);
    });
  }
};

void queue_errors(const UdpEnd& socket, Family family) {
  const bool v4 = family == Family::v4;
  REQUIRE(set_option(socket.fd(), v4 ? SOL_IP : SOL_IPV6, v4 ? IP_RECVERR : IPV6_RECVERR, 1));
}

}  // namespace

TEST_CASE("a reply socket is bound to the destination and shared by all its clients") {
  if (!may_intercept()) {
    return;
  }
  Raws raws;
  ReplySockets sockets = raws.make(8);
  for (const std::string text : {"203.0.113.5:53", "[2001:db8::5]:53"}) {
    const int fd = sockets.get(endpoint(text), start);
    REQUIRE(fd != ReplySockets::raw);
    CHECK(name_of(fd).text() == text);
    CHECK(sockets.get(endpoint(text), start + 1h) == fd);
  }
  CHECK(sockets.size() == 2);
  CHECK(raws.reported.empty());
}

TEST_CASE("beyond the bound the socket that was used longest ago is closed") {
  if (!may_intercept()) {
    return;
  }
  Raws raws;
  ReplySockets sockets = raws.make(2);
  const Endpoint a = endpoint("203.0.113.1:53");
  const Endpoint b = endpoint("203.0.113.2:53");
  const Endpoint c = endpoint("203.0.113.3:53");
  const int fd_a = sockets.get(a, start);
  const int fd_b = sockets.get(b, start);
  CHECK(sockets.get(a, start) == fd_a);  // so b is the older one
  const int fd_c = sockets.get(c, start);
  CHECK(sockets.size() == 2);
  CHECK(sockets.get(a, start) == fd_a);
  CHECK(name_of(fd_a) == a);
  CHECK(name_of(fd_c) == c);
  static_cast<void>(fd_b);
  CHECK(name_of(sockets.get(b, start)) == b);  // opened anew
  CHECK(sockets.size() == 2);
}

TEST_CASE("an address of our own, or one that another socket holds, is answered raw for a while") {
  if (!may_intercept()) {
    return;
  }
  Raws raws;
  ReplySockets sockets = raws.make(8);
  std::optional<UdpEnd> holder(std::in_place, Endpoint{Address::any(Family::v4), 0});
  const Endpoint held{Address::parse("203.0.113.5").value(), holder->local.port};
  const Endpoint own = endpoint("127.0.0.1:53");
  CHECK(sockets.get(held, start) == ReplySockets::raw);
  CHECK(sockets.get(own, start) == ReplySockets::raw);
  const std::vector<std::pair<std::string, int>> expected{{held.text(), EADDRINUSE},
                                                          {own.text(), EADDRINUSE}};
  CHECK(raws.reported == expected);
  holder.reset();
  // It is remembered, and told once.
  CHECK(sockets.get(held, start + 59s) == ReplySockets::raw);
  CHECK(raws.reported.size() == 2);
  // Then tried again.
  CHECK(sockets.get(held, start + 60s) != ReplySockets::raw);
  CHECK(sockets.get(own, start + 60s) == ReplySockets::raw);
  CHECK(raws.reported.size() == 3);
  CHECK(sockets.size() == 2);
}

TEST_CASE("a raw reply comes from the address and port that another program holds") {
  if (!may_intercept()) {
    return;
  }
  for (const Family family : {Family::v4, Family::v6}) {
    const UdpEnd holder(family);
    const UdpEnd client(family);
    RawSender raw(0);
    std::vector<std::pair<std::string, Endpoint>> expected;
    // Checksums are checked on the way: an odd length, an empty one, and one that is fragmented.
    for (const std::string& payload :
         {std::string("answer"), std::string("odd"), std::string(), std::string(60'000, 'x')}) {
      INFO(payload.size());
      CHECK(raw.send_udp(holder.local, client.local, bytes(payload)) == 0);
      expected.emplace_back(payload, holder.local);
    }
    CHECK(client.hear_all_with_senders() == expected);
    CHECK(holder.hear_all().empty());
  }
}

TEST_CASE("the largest datagram can be answered raw") {
  if (!may_intercept()) {
    return;
  }
  for (const auto& [family, size] :
       {std::pair{Family::v4, 65'507U}, std::pair{Family::v6, 65'527U}}) {
    const UdpEnd client(family);
    const UdpEnd holder(family);
    RawSender raw(0);
    const std::string largest(size, 'x');
    CHECK(raw.send_udp(holder.local, client.local, bytes(largest)) == 0);
    CHECK(client.hear_all() == std::vector{largest});
  }
}

TEST_CASE("a raw reply that is too large is refused, not cut") {
  if (!may_intercept()) {
    return;
  }
  const UdpEnd client(Family::v4);
  RawSender raw(0);
  CHECK(raw.send_udp(endpoint("127.0.0.9:53"), client.local, bytes(std::string(65'508, 'x'))) ==
        EMSGSIZE);
  CHECK(client.hear_all().empty());
}

TEST_CASE("a client hears that the destination is not served, in both families") {
  if (!may_intercept()) {
    return;
  }
  struct Row {
    RawSender::Unreachable what;
    int code;
  };
  for (const Family family : {Family::v4, Family::v6}) {
    for (const Row& row : {Row{RawSender::Unreachable::port, ECONNREFUSED},
                           Row{RawSender::Unreachable::host, EHOSTUNREACH}}) {
      const UdpEnd client(family);
      const UdpEnd destination(family);
      queue_errors(client, family);
      client.connect(destination.local);
      RawSender raw(0);
      CHECK(raw.send_unreachable(client.local, destination.local, row.what) == 0);
      const auto error = next_icmp_error(client.fd());
      REQUIRE(error.has_value());
      CHECK(error->code == row.code);
      CHECK(error->peer == destination.local);
      CHECK_FALSE(next_icmp_error(client.fd()).has_value());
    }
  }
}

TEST_CASE("an ICMP error names the peer that the datagram was for") {
  for (const Family family : {Family::v4, Family::v6}) {
    std::optional<UdpEnd> gone(std::in_place, family);
    const Endpoint nobody = gone->local;
    gone.reset();
    const UdpEnd peer(family);
    const UdpEnd mapping(family);
    queue_errors(mapping, family);
    CHECK_FALSE(next_icmp_error(mapping.fd()).has_value());
    mapping.say(peer.local, "fine");
    mapping.say(nobody, "lost");
    const auto error = next_icmp_error(mapping.fd());
    REQUIRE(error.has_value());
    CHECK(error->peer == nobody);
    CHECK(error->code == ECONNREFUSED);
    CHECK_FALSE(next_icmp_error(mapping.fd()).has_value());
  }
}

TEST_CASE("an error of our own making names no peer") {
  const UdpEnd mapping(Family::v4);
  const UdpEnd peer(Family::v4);
  REQUIRE(set_option(mapping.fd(), SOL_IP, IP_RECVERR, 1));
  REQUIRE(set_option(mapping.fd(), SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO));
  sockaddr_storage raw{};
  const socklen_t size = peer.local.to(raw);
  const std::string huge(65'507, 'x');
  // Loopback's MTU is 65,536 with the headers: just too large not to be fragmented.
  if (sendto(mapping.fd(), huge.data(), huge.size(), 0, reinterpret_cast<sockaddr*>(&raw), size) >=
      0) {
    return;
  }
  CHECK(errno == EMSGSIZE);
  while (const auto error = next_icmp_error(mapping.fd())) {
    CHECK(error->code == 0);
    CHECK(error->peer == Endpoint{});
  }
}

TEST_CASE("pipes are lent up to a bound, and used again") {
  PipePool pool;
  std::vector<Pipe> lent;
  while (auto pipe = pool.take()) {
    lent.push_back(std::move(*pipe));
  }
  CHECK(lent.size() == PipePool::max);
  const int reused = lent.back().read_end.get();
  pool.give_back(std::move(lent.back()));
  lent.pop_back();
  auto again = pool.take();
  REQUIRE(again.has_value());
  CHECK(again->read_end.get() == reused);
  CHECK_FALSE(pool.take().has_value());
  // One that still holds bytes is thrown away, not lent again.
  REQUIRE(write(again->write_end.get(), "x", 1) == 1);
  pool.discard(std::move(*again));
  auto fresh = pool.take();
  REQUIRE(fresh.has_value());
  char byte = 0;
  CHECK(read(fresh->read_end.get(), &byte, 1) == -1);
  CHECK(errno == EAGAIN);
}

}  // namespace weir
