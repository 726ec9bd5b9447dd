// The running gateway's side of a takeover (`weir run --takeover` is the other, see inheritance.h;
// "Life of a takeover" in src/README.md tells the whole). It listens on a socket of its own that
// only root may speak to, says what there is, and when the successor is ready brings the workers to
// rest, hands everything over, and lets go only when the successor serves. Whatever goes wrong
// before that, the workers wake up and go on as if nothing had been.
//
// While the workers rest this thread does nothing else, and no longer than `longest_rest`.
//
// Main thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "admin/control_socket.h"
#include "base/log.h"
#include "gateway/worker.h"
#include "loop/loop.h"
#include "takeover/channel.h"

namespace weir {

class Handover {
 public:
  // What the gateway has to do with it.
  struct Means {
    // What there is, and the descriptors that go with it; or why nothing can be taken over now.
    // From here on the firewall's rules are the successor's to change.
    struct Offered {
      std::string data;
      std::vector<Descriptor> descriptors;
    };
    std::function<Result<Offered>()> offer;
    std::function<std::span<const std::unique_ptr<Worker>>()> workers;
    // Nothing came of it: everything is as it was.
    std::function<void()> withdrawn;
    // The successor serves; the workers have let go, and drain.
    std::function<void(pid_t successor, std::uint64_t flows)> handed_over;
    // The successor has the control socket's path.
    std::function<void()> left;
  };

  // `earlier`: the last numbers of flow ids, of workers that this process had no more of.
  Handover(Loop& loop, Log& log, ControlSocket socket, std::vector<std::uint64_t> earlier,
           Means means);
  ~Handover();
  Handover(const Handover&) = delete;
  Handover& operator=(const Handover&) = delete;

  // The path leads to us from now on (a successor's first step after it serves).
  Result<> take_place() { return socket_.take_place(); }
  [[nodiscard]] bool is_under_way() const { return step_ != Step::none; }

  static constexpr Milliseconds longest_rest{5'000};

 private:
  enum class Step : std::uint8_t { none, greeted, offered, handed };

  void accept();
  void refuse(takeover::Channel& channel, const std::string& why);
  void on_readable();
  Result<> greet();
  Result<> answer();
  Result<> hand_over();
  Result<> send_all(std::span<const HandedWorker> parts, Instant paused, Instant until);
  Result<> send_worker(const HandedWorker& worker, Instant until);
  void give_up(const std::string& why);
  void close();

  Log& log_;
  ControlSocket socket_;
  std::vector<std::uint64_t> earlier_;
  Means means_;
  Loop& loop_;
  Descriptor listening_;
  std::unique_ptr<Poll> incoming_;
  Step step_ = Step::none;
  std::optional<takeover::Channel> channel_;
  pid_t successor_ = 0;
  std::unique_ptr<Poll> words_;
  Timer patience_;
};

}  // namespace weir
