#include "takeover/channel.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "catch.h"

namespace weir::takeover {
namespace {

using std::chrono::steady_clock;

Instant in(Milliseconds time) {
  return std::chrono::time_point_cast<std::chrono::microseconds>(steady_clock::now() + time);
}
constexpr Milliseconds timeout{10'000};
constexpr Milliseconds at_once{1};

struct Pair {
  static std::array<int, 2> ends() {
    std::array<int, 2> out{};
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, out.data()) == 0);
    return out;
  }
  std::array<int, 2> fds = ends();
  Channel one{Descriptor(fds[0])};
  Channel two{Descriptor(fds[1])};
};

bool is_same_file(int a, int b) {
  struct stat first {};
  struct stat second {};
  return fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

TEST_CASE("descriptors arrive with the message that names them, in their order") {
  Pair pair;
  std::vector<Descriptor> sockets;
  std::vector<int> numbers;
  for (std::size_t i = 0; i < 3 * max_descriptors; ++i) {
    sockets.emplace_back(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    numbers.push_back(sockets.back().get());
  }
  // More than the socket's buffers hold: the other end has to read meanwhile.
  const std::string body(300'000, 'b');
  std::thread sender([&]() {
    for (std::size_t i = 0; i < 3; ++i) {
      const std::span part(numbers.data() + i * max_descriptors, max_descriptors);
      CHECK(pair.one.send(FrameType::sockets, body, part, in(timeout)).ok());
      CHECK(pair.one.send(FrameType::flows, "bare", {}, in(timeout)).ok());
    }
  });
  std::size_t seen = 0;
  for (int i = 0; i < 3; ++i) {
    const auto message = pair.two.expect(FrameType::sockets, in(timeout));
    REQUIRE(message.ok());
    CHECK(message.value().body == body);
    REQUIRE(message.value().descriptors.size() == max_descriptors);
    for (const auto& descriptor : message.value().descriptors) {
      CHECK(is_same_file(descriptor.get(), numbers[seen++]));
    }
    const auto bare = pair.two.expect(FrameType::flows, in(timeout));
    REQUIRE(bare.ok());
    CHECK(bare.value().descriptors.empty());
  }
  sender.join();
}

TEST_CASE("what does not fit one message is refused and not sent") {
  Pair pair;
  const std::vector<int> many(max_descriptors + 1, 0);
  const auto sent = pair.one.send(FrameType::worker, "w", many, in(timeout));
  REQUIRE_FALSE(sent.ok());
  CHECK(sent.error().text().find("fits one message") != std::string::npos);
  REQUIRE(pair.one.send(FrameType::end, {}, {}, in(timeout)).ok());
  CHECK(pair.two.expect(FrameType::end, in(timeout)).ok());
}

TEST_CASE("a peer that says nothing in time, or is gone, is an error; a refusal is its sentence") {
  Pair pair;
  CHECK(pair.one.receive(in(at_once)).error().text() == "the other gateway did not answer in time");
  REQUIRE(pair.two.send(FrameType::refusal, "not today", {}, in(timeout)).ok());
  CHECK(pair.one.expect(FrameType::offer, in(timeout)).error().text() == "not today");
  REQUIRE(pair.two.send(FrameType::go, "", {}, in(timeout)).ok());
  CHECK_FALSE(pair.one.expect(FrameType::offer, in(timeout)).ok());
  CHECK(pair.one.peer().value().uid == getuid());
  CHECK(pair.one.peer().value().pid == getpid());
  { const Channel gone = std::move(pair.two); }
  CHECK(pair.one.receive(in(timeout)).error().text() == "the other gateway is gone");
}

TEST_CASE("a frame that announces more descriptors than come is an error") {
  Pair pair;
  std::string bytes;
  append_frame(FrameType::sockets, 2, "x", bytes);
  REQUIRE(write(pair.one.descriptor(), bytes.data(), bytes.size()) ==
          static_cast<ssize_t>(bytes.size()));
  CHECK_FALSE(pair.two.receive(in(timeout)).ok());
}

TEST_CASE("where nothing listens, that is said") {
  const auto none = Channel::connect("/nowhere/takeover.sock");
  CHECK(none.error().text() == "no gateway is there to be taken over (/nowhere/takeover.sock)");
}

}  // namespace
}  // namespace weir::takeover
