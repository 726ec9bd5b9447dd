// The connection between a gateway and its successor: frames, and descriptors beside them
// (SCM_RIGHTS). Every step has a time by which it must be done, and nothing else happens meanwhile:
// what is said during a takeover is said in milliseconds, and one straight line of code is easier
// to trust than a machine of states.
//
// Owned by the TakeoverDonor or the TakeoverClient, for one takeover; main thread.
#pragma once

#include <sys/types.h>

#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "takeover/frame.h"
#include "weir/result.h"
#include "weir/units.h"

namespace weir::takeover {

// The donor's workers are quiesced for no longer than this until the successor may serve, and as
// long again until it does.
inline constexpr Milliseconds max_pause{5'000};

class Channel {
 public:
  // A connected stream socket.
  explicit Channel(Descriptor socket);
  // To the gateway that listens there.
  static Result<Channel> connect(const std::string& path);

  // The process at the other end, as the kernel knows it.
  struct Peer {
    pid_t pid = 0;
    uid_t uid = 0;
  };
  [[nodiscard]] Result<Peer> peer() const;

  struct Message {
    FrameType type{};
    std::string body;
    std::vector<Descriptor> descriptors;
  };
  // The descriptors stay the caller's.
  Result<> send(FrameType type, std::string_view body, std::span<const int> descriptors,
                Instant until);
  Result<Message> receive(Instant until);
  // The same, when it must be of that type. What the gateway says against it is the error.
  Result<Message> expect(FrameType type, Instant until);

  [[nodiscard]] int descriptor() const { return socket_.get(); }

 private:
  [[nodiscard]] Result<> wait(short events, Instant until) const;
  Result<> read_some();

  Descriptor socket_;
  FrameReader frames_;
  std::deque<Descriptor> arrived_;
};

}  // namespace weir::takeover
