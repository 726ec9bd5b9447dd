// The running gateway's side of a takeover (`weir run --takeover` is the other, see
// takeover_successor.h; "Life of a takeover" in src/README.md tells the whole). It listens on a
// socket of its own that only root may speak to, says what there is, and when the successor is
// ready quiesces the workers, hands everything over, and lets go only when the successor serves.
// Whatever goes wrong before that, the workers wake up and go on as if nothing had been.
//
// While the workers wait this thread does nothing else, and no longer than
// `TakeoverTimes::to_quiesce` until the successor may serve, and `to_begin` until it does or has
// been killed.
//
// One, owned by the Gateway once it serves; main thread.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/control_socket.h"
#include "base/descriptor.h"
#include "base/held_process.h"
#include "base/log.h"
#include "loop/loop.h"
#include "takeover/acceptor.h"
#include "takeover/channel.h"
#include "takeover/gateway_state.h"
#include "takeover/worker_state.h"

namespace weir {

// How long a takeover may take, step by step.
struct TakeoverTimes {
  Milliseconds to_speak{10'000};    // between two words of a successor that gets ready
  Milliseconds to_listen{2'000};    // until it has read what we say
  Milliseconds to_prepare{60'000};  // until it wants to take over: firewalls are slow
  Milliseconds to_quiesce = takeover::max_pause;
  Milliseconds to_begin{5'000};  // from `go` until it serves
  Milliseconds to_die{5'000};    // once killed
};

class TakeoverDonor {
 public:
  enum class Verdict : std::uint8_t { keep, let_go };

  // The gateway that it hands over, and its workers.
  class Gateway {
   public:
    virtual ~Gateway() = default;

    // What there is, and the descriptors that go with it; or why nothing can be taken over now.
    // From here on the firewall's rules are the successor's to change.
    struct Offer {
      takeover::GatewayState state;
      std::vector<Descriptor> descriptors;
    };
    [[nodiscard]] virtual Result<Offer> offer() = 0;
    // Nothing has happened since the offer that forbids it; or what has.
    [[nodiscard]] virtual Result<> still_may() = 0;

    [[nodiscard]] virtual std::size_t workers() = 0;
    // Each worker, on its own thread: describes what it has, passes it to `quiesced`, which returns
    // when there is a verdict, and does as that says.
    using Quiesced = std::function<Verdict(std::size_t worker, WorkerState)>;
    virtual void quiesce(Quiesced quiesced) = 0;
    // The last numbers of flow ids, of earlier processes' workers that this process does not have.
    [[nodiscard]] virtual std::vector<std::uint64_t> earlier_numbers() = 0;

    // What clients have looked up since the offer. The workers are quiesced.
    [[nodiscard]] virtual std::vector<takeover::GatewayState::LookedUp> looked_up_since() = 0;

    // The takeover failed: everything is as it was.
    virtual void withdrawn() = 0;
    // The successor serves; the workers have let go, and drain.
    virtual void handed_over(pid_t successor, std::uint64_t flows) = 0;
    // The successor has the control socket's path.
    virtual void left() = 0;
  };

  // `allowed`: the user whose processes may take over.
  TakeoverDonor(Loop& loop, Log& log, ControlSocket socket, Gateway& gateway,
                const TakeoverTimes& times = {}, uid_t allowed = 0);
  ~TakeoverDonor();
  TakeoverDonor(const TakeoverDonor&) = delete;
  TakeoverDonor& operator=(const TakeoverDonor&) = delete;

  // The path leads to us from now on (a successor's first step after it serves).
  Result<> rename_into_place() { return socket_.rename_into_place(); }
  [[nodiscard]] bool is_under_way() const { return step_ != Step::none; }

 private:
  enum class Step : std::uint8_t { none, greeted, offered, handed };

  void on_call(takeover::Channel channel);
  void refuse(takeover::Channel& channel, const std::string& why);
  void on_readable();
  Result<> greet();
  Result<> answer();
  Result<> hand_over();
  Result<> await_serving();
  void give_up(const std::string& why);
  void close();

  Loop& loop_;
  Log& log_;
  ControlSocket socket_;
  Gateway& gateway_;
  TakeoverTimes times_;
  uid_t allowed_;
  takeover::Acceptor acceptor_;
  Step step_ = Step::none;
  std::optional<takeover::Channel> channel_;
  std::unique_ptr<Poll> channel_poll_;
  HeldProcess successor_;
  Timer timeout_;
};

}  // namespace weir
