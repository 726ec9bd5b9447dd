// The successor's side of a takeover (`weir run --takeover`): asks the running gateway for what it
// has, and when everything else is ready, for its sockets and flows. Every step either works or
// says in one sentence why not; then the running gateway goes on as before.
//
// Made while we are still root; the Gateway owns it, on the main thread, until it serves.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "takeover/channel.h"
#include "takeover/gateway_state.h"
#include "takeover/worker_state.h"
#include "weir/result.h"

namespace weir {

class TakeoverClient {
 public:
  // `path`: of the socket that the running gateway is taken over by.
  static Result<std::unique_ptr<TakeoverClient>> ask(const std::string& path);

  [[nodiscard]] const takeover::GatewayState& offer() const { return offer_; }
  // Of the firewall's cleanup process, where the offer has one: its pipe, and its pidfd. Once.
  [[nodiscard]] std::vector<Descriptor> take_cleanup_process() { return std::move(descriptors_); }

  // From here on the running gateway is paused. All that it has, by worker.
  Result<std::vector<InheritedWorker>> take();
  // Of every worker that the process ever had; known after take().
  [[nodiscard]] const std::vector<std::uint64_t>& last_numbers() const {
    return ending_.last_numbers;
  }
  // What its clients have looked up since the offer; known after take().
  [[nodiscard]] const std::vector<takeover::GatewayState::LookedUp>& looked_up() const {
    return looked_up_;
  }
  // Since when it is paused.
  [[nodiscard]] Instant paused() const { return ending_.paused; }

  // We have everything and can serve. Returns when the old gateway tells us to.
  Result<> prepared();
  // We serve: the old gateway lets go, and may end when this object does. Returns when it has told
  // its service manager of us, or is gone.
  void serving();

 private:
  explicit TakeoverClient(takeover::Channel channel) : channel_(std::move(channel)) {}
  Result<> send(takeover::FrameType type, std::string_view body);
  Result<> receive_offer();

  takeover::Channel channel_;
  takeover::GatewayState offer_;
  std::vector<Descriptor> descriptors_;  // of the offer
  takeover::Ending ending_;
  std::vector<takeover::GatewayState::LookedUp> looked_up_;
};

// Where a gateway with that control socket is taken over.
[[nodiscard]] std::string takeover_path(const std::string& control_socket);

}  // namespace weir
