// Moves the bytes of one TCP flow between its two sockets, both ways, and nothing else: it knows no
// policy, no timer and no record.
//
// FIN passes per direction after all data. An error on one side ends the flow; the caller resets
// the other. Nothing is held in user space while nothing is pending. See tcp_relay.cc for how and
// why.
//
// Owned by the flow; one worker's thread.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "base/descriptor.h"
#include "relay/bulk_buffers.h"
#include "relay/pipe_pool.h"

namespace weir {

class TcpRelay {
 public:
  // What all relays of a worker use in turn.
  struct Shared {
    std::span<std::uint8_t> buffer;
    PipePool& pipes;
    std::size_t max_stashed;       // limits.buffer, in bytes per direction
    BulkShare& bulk;               // of what the kernel may hold
    std::uint64_t bulk_bytes = 0;  // moved by splice(), since it was last set to 0
    // What servers of watched relays say; called before it is written to the client.
    std::function<void(const TcpRelay& relay, std::span<const std::uint8_t> bytes)> on_watched = {};
  };

  enum class Progress : std::uint8_t {
    waiting,       // for the next event
    more,          // this turn's share is used up: call again
    closed,        // both directions ended with FIN and all bytes were delivered
    client_reset,  // see error()
    server_reset,
  };

  TcpRelay(Shared& shared, Descriptor client, Descriptor server);
  ~TcpRelay();
  TcpRelay(const TcpRelay&) = delete;
  TcpRelay& operator=(const TcpRelay&) = delete;

  // Shared::on_watched sees all that the server sends; none of it moves by splice. To be called
  // before the first events.
  void watch_server() { down_.watched = true; }
  [[nodiscard]] bool is_server_watched() const { return down_.watched; }

  // `events` are epoll's for that socket.
  Progress on_client_events(std::uint32_t events);
  Progress on_server_events(std::uint32_t events);

  [[nodiscard]] std::uint64_t bytes_up() const { return up_.bytes; }  // client to server
  [[nodiscard]] std::uint64_t bytes_down() const { return down_.bytes; }
  // One direction has ended and the other has not.
  [[nodiscard]] bool half_closed() const { return up_.finished != down_.finished; }
  [[nodiscard]] int error() const { return error_; }  // errno of the side that failed

  // After a reset by one side: whether the other has not had everything yet that was sent before
  // it, in our hands or in its socket. A reset at once would take that away, which without a
  // gateway it would not. Passes on what it can.
  [[nodiscard]] bool has_last_words(Progress failure);

  // For PeerWatch: nothing may be read from them or written to them.
  [[nodiscard]] int client_socket() const { return client_.socket.get(); }
  [[nodiscard]] int server_socket() const { return server_.socket.get(); }

  // A peer that no longer answers, as if the kernel had given it up.
  Progress give_up_client() { return failure(client_, ETIMEDOUT); }
  Progress give_up_server() { return failure(server_, ETIMEDOUT); }

  // A flow that has been quiet for a while: what holds nothing is bulk no longer.
  void leave_bulk();

  // RST to both sides, or to whichever still listens. The sockets are closed afterwards.
  void reset();

 private:
  struct Side {
    Descriptor socket;
    bool readable = false;
    bool writable = true;
    bool hung_up = false;  // FIN or worse was announced: sticky, it is told only once
    bool failed = false;   // RST or worse was announced: sticky, too
    bool urgent = false;   // sends urgent data, at which every read stops
    bool no_delay = false;
  };
  struct Direction {
    std::uint64_t bytes = 0;
    std::uint64_t run = 0;  // bytes since the sender last left us waiting
    std::unique_ptr<std::uint8_t[]> stash;
    std::uint32_t stash_begin = 0;
    std::uint32_t stash_end = 0;
    std::optional<Pipe> pipe;
    std::uint32_t in_pipe = 0;
    bool bounded = false;   // counted in Shared::bulk, its buffers bounded
    bool watched = false;   // and so never spliced
    bool ended = false;     // FIN was read
    bool finished = false;  // and passed on after the last byte
  };
  enum class Step : std::uint8_t { again, waiting, from_failed, to_failed };

  static void note(Side& side, std::uint32_t events);
  static void take_urgent_data_inline(Side& side);
  Progress pump_both(Side& first);
  void pass_last_words(Side& gone, Side& left);
  Step pump(Direction& direction, Side& from, Side& to, std::size_t& budget);
  Step flush(Direction& direction, Side& to);
  Step copy(Direction& direction, Side& from, Side& to, std::size_t& budget);
  Step splice(Direction& direction, Side& from, Side& to, std::size_t& budget);
  Step write(Direction& direction, const Side& from, Side& to, std::span<const std::uint8_t> bytes);
  Step end(Direction& direction, const Side& from, Side& to);
  void finish(Direction& direction, Side& to);
  Progress failure(const Side& side, int code);

  Shared& shared_;
  Side client_;
  Side server_;
  Direction up_;
  Direction down_;
  int error_ = 0;
};

// Closes with RST instead of FIN.
void close_with_reset(Descriptor& socket);

}  // namespace weir
