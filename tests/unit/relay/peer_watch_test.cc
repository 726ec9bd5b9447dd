#include "relay/peer_watch.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/transparent.h"
#include "catch.h"
#include "relay/tcp_world.h"

namespace weir {
namespace {

using std::chrono::seconds;

constexpr Milliseconds minute{60'000};

tcp_info info_of(int fd) {
  tcp_info info{};
  socklen_t length = sizeof info;
  REQUIRE(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0);
  return info;
}

int option(int fd, int level, int name) {
  int value = 0;
  socklen_t length = sizeof value;
  REQUIRE(getsockopt(fd, level, name, &value, &length) == 0);
  return value;
}

bool is_probed(int fd) { return option(fd, SOL_SOCKET, SO_KEEPALIVE) != 0; }
int probed_every(int fd) { return option(fd, IPPROTO_TCP, TCP_KEEPIDLE); }

// A flow that was opened at 0 and has been quiet since.
struct Quiet {
  TcpWorld world;
  Instant began = Instant(std::chrono::hours(1));
  PeerWatch watch{began};

  PeerWatch::Flow flow(Milliseconds keepalive = minute) {
    return {.client = {.socket = world.client_side, .moved = world.relay->bytes_up()},
            .server = {.socket = world.server_side, .moved = world.relay->bytes_down()},
            .last_activity = began,
            .keepalive = keepalive};
  }
  [[nodiscard]] Milliseconds due(Milliseconds keepalive = minute) const {
    return std::chrono::duration_cast<Milliseconds>(watch.due(began, keepalive) - began);
  }
  void check_at(Milliseconds when, Milliseconds keepalive = minute) {
    CHECK(watch.check(flow(keepalive), began + when) == PeerWatch::Finding::nothing);
  }
};

TEST_CASE("data that a peer leaves unacknowledged is overdue since it was first sent") {
  tcp_info info{};
  info.tcpi_unacked = 3;
  info.tcpi_last_ack_recv = 500'000;  // an old flow
  info.tcpi_last_data_sent = 39'000;
  info.tcpi_rto = 51'200'000;
  SECTION("not before some of it was sent again") {
    info.tcpi_retransmits = 2;
    CHECK(leg_state(info).overdue == Milliseconds(0));
    CHECK(leg_state(info).owes);
  }
  SECTION("as the time-outs say that were waited for") {
    info.tcpi_retransmits = 8;
    CHECK(leg_state(info).overdue == Milliseconds(51'000 + 39'000));
  }
  SECTION("but no longer than it was silent") {
    info.tcpi_retransmits = 8;
    info.tcpi_last_ack_recv = 2'000;
    CHECK(leg_state(info).overdue == Milliseconds(2'000));
  }
}

TEST_CASE("a closed window is overdue only when nothing answers for it") {
  tcp_info info{};
  info.tcpi_notsent_bytes = 100;
  info.tcpi_last_ack_recv = 119'000;  // the kernel asks every two minutes at most
  CHECK(leg_state(info).overdue == Milliseconds(0));
  CHECK(leg_state(info).owes);
  info.tcpi_probes = 1;
  CHECK(leg_state(info).overdue == Milliseconds(0));
  info.tcpi_probes = 3;
  CHECK(leg_state(info).overdue == Milliseconds(119'000));
}

TEST_CASE("a leg that owes nothing is never overdue") {
  tcp_info info{};
  info.tcpi_last_ack_recv = 10'000'000;
  info.tcpi_probes = 2;  // of keepalive: the kernel's own affair
  CHECK_FALSE(leg_state(info).owes);
  CHECK(leg_state(info).overdue == Milliseconds(0));
}

TEST_CASE("the pace of probes is what was seen, a second at least, and below ours") {
  CHECK_FALSE(interval_of_probes(0, seconds(10), minute));
  CHECK(interval_of_probes(2, seconds(10), minute) == seconds(5));
  CHECK(interval_of_probes(100, seconds(10), minute) == seconds(1));
  CHECK(interval_of_probes(1, seconds(40), minute) == seconds(40));
  CHECK_FALSE(interval_of_probes(1, seconds(40), seconds(30)));
}

TEST_CASE("a quiet flow is looked at three times, then the kernel probes both peers alone") {
  Quiet quiet;
  CHECK(quiet.due() == seconds(10));
  quiet.check_at(seconds(10));
  CHECK(quiet.due() == seconds(20));
  quiet.check_at(seconds(20));
  CHECK(quiet.due() == seconds(60));
  CHECK_FALSE(is_probed(quiet.world.client_side));
  CHECK_FALSE(is_probed(quiet.world.server_side));
  quiet.check_at(seconds(60));
  CHECK(quiet.watch.due(quiet.began, minute) == Instant::max());
  for (const int fd : {quiet.world.client_side, quiet.world.server_side}) {
    CHECK(is_probed(fd));
    CHECK(probed_every(fd) == 60);
    CHECK(option(fd, IPPROTO_TCP, TCP_KEEPINTVL) == 10);
    CHECK(option(fd, IPPROTO_TCP, TCP_KEEPCNT) == 3);
  }
}

TEST_CASE("with a shorter keepalive the first look is the only one") {
  Quiet quiet;
  CHECK(quiet.due(seconds(2)) == seconds(2));
  quiet.check_at(seconds(2), seconds(2));
  CHECK(probed_every(quiet.world.server_side) == 2);
  CHECK(option(quiet.world.server_side, IPPROTO_TCP, TCP_KEEPINTVL) == 2);
  CHECK(quiet.watch.due(quiet.began, seconds(2)) == Instant::max());
}

TEST_CASE("a flow that speaks is looked at twice a minute, and begins anew when it falls silent") {
  Quiet quiet;
  const Instant spoke = quiet.began + seconds(25);
  CHECK(quiet.watch.due(spoke, minute) == quiet.began + seconds(30));
  auto flow = quiet.flow();
  flow.last_activity = spoke;
  CHECK(quiet.watch.check(flow, quiet.began + seconds(30)) == PeerWatch::Finding::nothing);
  CHECK(quiet.watch.due(spoke, minute) == spoke + seconds(10));
}

TEST_CASE("where one peer probes us, the other is probed as often") {
  Quiet quiet;
  const bool from_client = GENERATE(true, false);
  TcpEnd& prober = from_client ? quiet.world.client : quiet.world.server;
  const int near = from_client ? quiet.world.client_side : quiet.world.server_side;
  const int far = from_client ? quiet.world.server_side : quiet.world.client_side;
  quiet.check_at(seconds(10));
  const auto before = info_of(near).tcpi_segs_in;
  for (const int option : {TCP_KEEPINTVL, TCP_KEEPIDLE}) {
    REQUIRE(set_option(prober.socket.get(), IPPROTO_TCP, option, 1));
  }
  REQUIRE(set_option(prober.socket.get(), SOL_SOCKET, SO_KEEPALIVE, 1));
  REQUIRE(quiet.world.until([&]() { return info_of(near).tcpi_segs_in > before; }));
  const auto probes = info_of(near).tcpi_segs_in - before;
  quiet.check_at(seconds(20));
  CHECK(is_probed(far));
  CHECK(probed_every(far) == static_cast<int>(10 / probes));
  CHECK_FALSE(is_probed(near));
  quiet.check_at(seconds(60));
  CHECK(probed_every(near) <= 60);
  CHECK(probed_every(far) <= static_cast<int>(10 / probes));
}

}  // namespace
}  // namespace weir
