#include "takeover/inheritance.h"

#include <utility>

#include "loop/loop.h"
#include "takeover/handed_frames.h"
#include "takeover/messages.h"

namespace weir {
namespace {

using takeover::Channel;
using takeover::FrameType;

constexpr Milliseconds to_answer{5'000};
// Somewhat longer than the other side waits: its reason for giving up says more than our timeout.
constexpr Milliseconds to_hand_over = takeover::longest_rest + Milliseconds(2'000);

}  // namespace

std::string takeover_path(const std::string& control_socket) {
  return control_socket + ".takeover";
}

Result<std::unique_ptr<Inheritance>> Inheritance::ask(const std::string& path) {
  auto channel = Channel::connect(path);
  if (!channel) {
    return channel.error();
  }
  std::unique_ptr<Inheritance> out(new Inheritance(std::move(channel).value()));
  if (auto received = out->receive_offer(); !received) {
    return received.error();
  }
  return out;
}

// If the old gateway has hung up meanwhile, it has said why.
Result<> Inheritance::tell(FrameType type, std::string_view body) {
  const auto sent = channel_.send(type, body, {}, clock_now() + to_answer);
  if (sent) {
    return Done{};
  }
  const auto why = channel_.receive(clock_now() + to_answer);
  return why && why.value().type == FrameType::refusal ? Error(why.value().body) : sent.error();
}

Result<> Inheritance::receive_offer() {
  const takeover::Hello hello{.version = takeover::version, .program = WEIR_VERSION};
  if (auto told = tell(FrameType::hello, encode(hello)); !told) {
    return told.error();
  }
  auto message = channel_.expect(FrameType::offer, clock_now() + to_answer);
  if (!message) {
    return message.error();
  }
  auto offer = takeover::decode_gateway_state(message.value().body);
  if (!offer) {
    return offer.error();
  }
  offer_ = std::move(offer).value();
  descriptors_ = std::move(message.value().descriptors);
  return offer_.firewall.has_guardian && descriptors_.size() < 2
             ? Result<>(Error("what the running gateway hands over is not valid"))
             : Result<>(Done{});
}

Result<std::vector<InheritedWorker>> Inheritance::take() {
  if (auto told = tell(FrameType::take, {}); !told) {
    return told.error();
  }
  auto received = receive_workers(channel_, to_hand_over);
  if (!received) {
    return received.error();
  }
  ending_ = std::move(received.value().ending);
  return std::move(received.value().workers);
}

Result<> Inheritance::prepared() {
  if (auto told = tell(FrameType::prepared, {}); !told) {
    return told.error();
  }
  auto go = channel_.expect(FrameType::go, clock_now() + to_hand_over);
  return go ? Result<>(Done{}) : Result<>(go.error());
}

void Inheritance::serving() {
  // If the old gateway is gone, it need not be told.
  if (channel_.send(FrameType::serving, {}, {}, clock_now() + to_answer)) {
    static_cast<void>(channel_.expect(FrameType::done, clock_now() + to_answer));
  }
}

}  // namespace weir
