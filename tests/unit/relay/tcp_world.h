// A relay between two real loopback connections, driven by one thread:
//
//   client ══ tcp ══ [client side | TcpRelay | server side] ══ tcp ══ server
//
// The test holds both outer ends. The inner sockets sit in an epoll descriptor as the data path
// registers them. Nothing sleeps: until() turns the relay over until a condition holds, and gives
// up after far longer than any machine needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "relay/tcp_relay.h"

namespace weir {

// A stream in which every byte says where it belongs.
[[nodiscard]] std::uint8_t pattern_at(std::uint64_t position, std::uint8_t salt);

class TcpEnd {
 public:
  Descriptor socket;

  // Sends what the socket takes; all of it, or the test fails.
  void say(const std::string& text);
  // Sends the next bytes of the pattern, as many as are taken.
  void write_all(std::size_t max, std::uint8_t salt);
  // Reads what is there, at most `max` bytes.
  void read_all(std::size_t max = SIZE_MAX);
  // The same, checking it against the pattern instead of keeping it.
  void read_pattern(std::size_t max, std::uint8_t salt);
  void finish();  // FIN
  void reset();   // RST

  std::string heard;
  std::uint64_t poured = 0;
  std::uint64_t drunk = 0;
  bool ended = false;  // FIN was read
  int error = 0;       // errno of a read that failed
  int wrong = 0;       // bytes that are not where they belong
};

class TcpWorld {
 public:
  struct Sizes {
    std::size_t buffer = 128 * 1024;
    std::size_t max_stashed = 64 * 1024;
    int kernel_buffers = 0;  // SO_SNDBUF and SO_RCVBUF of all sockets; 0: the system's
  };
  // The two ends as a test needs them, so that every case is tried both ways.
  struct Roles {
    TcpEnd& one;
    TcpEnd& other;
    TcpRelay::Progress one_reset;
    TcpRelay::Progress other_reset;
  };

  TcpWorld();
  explicit TcpWorld(const Sizes& sizes);

  // One turn: what epoll says now (waiting for it at most `ms`), and what asked for another turn.
  void turn(int ms = 0);
  // Turns until the condition holds; false after 20 s.
  bool until(const std::function<bool()>& condition);
  // Turns until no event comes for a while that is long for loopback.
  void settle();

  // Pours until neither the relay nor the kernel takes any more.
  void block(TcpEnd& from, std::uint8_t salt);

  // Tells what the server says as the relay does. To be called before the first turn.
  void watch(std::function<void(std::string_view)> see);

  [[nodiscard]] Roles roles(bool swapped);
  [[nodiscard]] bool over() const { return state != TcpRelay::Progress::waiting; }
  // Pipes that are not lent.
  [[nodiscard]] std::size_t free_pipes();
  // What the relay has moved by splice.
  [[nodiscard]] std::uint64_t bulk_bytes() const { return shared_->bulk_bytes; }
  // Bytes that the relay itself holds on the way up: not in any kernel queue. Exact when settled.
  [[nodiscard]] std::int64_t held_up() const;
  // Bytes that wait in a socket to be read.
  [[nodiscard]] static int readable(int fd);

  TcpEnd client;
  TcpEnd server;
  int client_side = -1;  // the relay's
  int server_side = -1;
  PipePool pipes;
  BulkShare bulk{std::uint64_t{1} << 30U};
  std::optional<TcpRelay> relay;
  TcpRelay::Progress state = TcpRelay::Progress::waiting;
  int turns_without_end = 0;  // Progress::more

 private:
  void note(TcpRelay::Progress progress);

  std::unique_ptr<std::uint8_t[]> buffer_;
  std::optional<TcpRelay::Shared> shared_;
  Descriptor epoll_;
  bool more_ = false;
};

}  // namespace weir
