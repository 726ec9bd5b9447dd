// A gateway of two workers that serve loopback ports and one UDP flow that another process is said
// to have begun; and a successor that speaks over the real socket, on a thread of its own. The
// gateway's parts are the real ones, without rules of the firewall. Needs no privileges.
#pragma once

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/folder.h"
#include "catch.h"
#include "flow/made_up_gate.h"
#include "flow/upstream_section.h"
#include "gateway/donor_gateway.h"
#include "rule_conditions.h"
#include "takeover/messages.h"
#include "takeover/worker_frames.h"

namespace weir {

// The other side of a takeover, step by step.
class FakeSuccessor {
 public:
  explicit FakeSuccessor(const std::string& path) {
    auto connected = takeover::Channel::connect(path);
    REQUIRE(connected);
    channel_ = std::move(connected).value();
  }

  static constexpr Milliseconds timeout{10'000};
  [[nodiscard]] static Instant soon() { return clock_now() + timeout; }

  bool say(takeover::FrameType type, const std::string& body = {}) {
    return static_cast<bool>(channel_->send(type, body, {}, soon()));
  }
  // True: the gateway said that next.
  bool hears(takeover::FrameType type) {
    auto said = channel_->expect(type, soon());
    if (said) {
      last = std::move(said).value();
    } else {
      refusal = said.error().text();
    }
    return said.ok();
  }
  // Asks for the gateway's state.
  bool asks() {
    if (!say(takeover::FrameType::hello,
             encode(takeover::Hello{.version = takeover::version, .program = "9.9"})) ||
        !hears(takeover::FrameType::offer)) {
      return false;
    }
    auto decoded = takeover::decode_gateway_state(last.body);
    REQUIRE(decoded);
    state = std::move(decoded).value();
    return true;
  }
  // Quiesces the workers, and receives all that they have.
  bool takes() {
    if (!say(takeover::FrameType::take)) {
      return false;
    }
    auto got = receive_workers(*channel_, timeout);
    if (!got) {
      refusal = got.error().text();
      return false;
    }
    received = std::move(got).value();
    return true;
  }
  bool hears_go() { return say(takeover::FrameType::prepared) && hears(takeover::FrameType::go); }
  bool serves() { return say(takeover::FrameType::serving) && hears(takeover::FrameType::done); }
  bool takes_over() { return asks() && takes() && hears_go() && serves(); }
  void hang_up() { channel_.reset(); }
  // What the gateway has against it.
  std::string hears_refusal() {
    hears(takeover::FrameType::refusal);
    return refusal;
  }
  [[nodiscard]] int descriptor() const { return channel_->descriptor(); }

  takeover::GatewayState state;
  ReceivedWorkers received;
  takeover::Channel::Message last;
  std::string refusal;

 private:
  std::optional<takeover::Channel> channel_;
};

class TakeoverWorld {
 public:
  static constexpr std::size_t count = 2;  // of workers
  static constexpr std::uint64_t process = 77;

  explicit TakeoverWorld(const TakeoverTimes& times = {}) {
    notified_ = listen_for_words(folder_ / "notify");
    manager_.inherit(folder_ / "notify", Milliseconds{15'000});
    REQUIRE(in_force.open(configuration(), nullptr));
    REQUIRE(in_force.begin(nullptr));
    std::vector<Listeners> listeners(count);
    for (std::size_t i = 0; i < count; ++i) {
      listeners[i].tcp.push_back(bound(SOCK_STREAM));
      listeners[i].udp.push_back(bound(SOCK_DGRAM));
      at_[i] = name(listeners[i].tcp.front().get());
    }
    workers.make(
        std::move(listeners), in_force.snapshot(),
        [](std::size_t i) { return FlowIds(process, static_cast<unsigned>(i)); },
        [this]() { ++drained; });
    begin_flow();
    workers.start();
    gateway.emplace(*log_,
                    DonorGateway::Parts{.in_force = in_force,
                                        .firewall = firewall_,
                                        .workers = workers,
                                        .names = names,
                                        .service_manager = manager_},
                    DonorGateway::Callbacks{.flows_as_of = [this]() { return flows_as_of; },
                                            .may_offer = [this]() { return allowed(no_offer); },
                                            .still_may = [this]() { return allowed(may_not); },
                                            .handed_over = [this]() { ++handed_over; },
                                            .left = [this]() { ++left; }},
                    process, std::vector<std::uint64_t>{0, 0, 41});
    donor.emplace(loop_, *log_, ControlSocket::listen(path()).value(), *gateway, times, geteuid());
  }
  ~TakeoverWorld() {
    donor.reset();
    gateway.reset();
    workers.end();
  }
  TakeoverWorld(const TakeoverWorld&) = delete;
  TakeoverWorld& operator=(const TakeoverWorld&) = delete;

  [[nodiscard]] std::string path() const { return folder_ / "takeover.sock"; }
  // Runs the gateway's loop while the successor does its part, and until something is so.
  void play(const std::function<void()>& successor, const std::function<bool()>& until) {
    std::atomic<bool> played{false};
    Timer ticker(loop_, [&]() {
      if (played && until()) {
        loop_.stop();
      }
    });
    ticker.every(Milliseconds{1});
    std::thread other([&]() {
      successor();
      played = true;
    });
    loop_.run();
    other.join();
  }
  // The takeover is over, whichever way.
  void play(const std::function<void()>& successor) {
    play(successor, [this]() { return !donor->is_under_way() || handed_over != 0; });
  }

  // Any thread. A client connects to that worker's port: it is refused at once, for nothing that
  // goes to loopback is a flow, or it waits.
  enum class Answer : std::uint8_t { served, waits };
  [[nodiscard]] Answer call(std::size_t worker, Milliseconds timeout) {
    const Descriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_storage raw{};
    const socklen_t length = at_[worker].to(raw);
    if (connect(client.get(), reinterpret_cast<const sockaddr*>(&raw), length) != 0) {
      return errno == ECONNRESET ? Answer::served : Answer::waits;
    }
    pollfd one{.fd = client.get(), .events = POLLIN, .revents = 0};
    return poll(&one, 1, static_cast<int>(timeout.count())) == 1 ? Answer::served : Answer::waits;
  }
  // The flow's server says something; whether the gateway reads it.
  [[nodiscard]] Answer hears_server(Milliseconds timeout) {
    REQUIRE(send(server_.get(), "x", 1, 0) == 1);
    const Instant until = clock_now() + timeout;
    int waiting = 1;
    while (waiting > 0 && clock_now() < until) {
      std::this_thread::yield();
      ioctl(flow_socket_.get(), FIONREAD, &waiting);
    }
    return waiting == 0 ? Answer::served : Answer::waits;
  }
  // All listeners take connections, and the flow lives and is served.
  [[nodiscard]] bool is_as_it_was() {
    constexpr Milliseconds timeout{10'000};
    return workers.live(Protocol::udp) == 1 && hears_server(timeout) == Answer::served &&
           call(0, timeout) == Answer::served && call(1, timeout) == Answer::served &&
           gateway->successor() == 0 && handed_over == 0 && left == 0 && drained == 0;
  }

  // What the service manager was told, one message after the other.
  [[nodiscard]] std::vector<std::string> notifications() const {
    std::vector<std::string> out;
    std::array<char, 512> text{};
    for (ssize_t size = 0; (size = recv(notified_.get(), text.data(), text.size(), 0)) > 0;) {
      out.emplace_back(text.data(), static_cast<std::size_t>(size));
    }
    return out;
  }
  // The log so far.
  [[nodiscard]] std::string log() {
    const std::string mark = "mark " + std::to_string(++marks_);
    log_->info(mark);
    std::string out;
    while (out.find(mark + "\n") == std::string::npos) {
      std::this_thread::yield();
      std::ifstream file(folder_ / "log");
      out.assign(std::istreambuf_iterator<char>(file), {});
    }
    return out;
  }

 private:
  Folder folder_;
  std::unique_ptr<Log> log_ = open_log(folder_);
  Loop loop_;
  Mailbox mailbox_{loop_};

 public:
  LearntNames names;
  MadeUpGate gate;
  Workers workers{mailbox_, *log_, names, gate, 10'000, count};
  KnownDevices devices{loop_, *log_, workers, []() {}};
  LiveSets live_sets;
  InForce in_force{loop_, *log_, workers, {.devices = devices, .live_sets = live_sets}, count};

 private:
  OwnFirewall firewall_{loop_, *log_, in_force, nullptr, []() { return true; }};
  ServiceManager manager_;

 public:
  std::chrono::sys_seconds flows_as_of{};
  std::optional<DonorGateway> gateway;
  std::optional<TakeoverDonor> donor;
  std::optional<Error> no_offer;
  std::optional<Error> may_not;
  std::atomic<int> handed_over{0};
  std::atomic<int> left{0};
  int drained = 0;  // workers

 private:
  static Result<> allowed(const std::optional<Error>& error) {
    return error ? Result<>(*error) : Result<>(Ok{});
  }
  static std::unique_ptr<Log> open_log(const Folder& folder) {
    LogSettings settings;
    settings.target = LogTarget::file;
    settings.path = folder / "log";
    return std::move(Log::open(settings)).value();
  }
  static Configuration configuration() {
    Configuration out;
    out.upstreams = {section("own", {{"type", "direct"}, {"mapping", "per-flow"}}),
                     section("pool", {{"type", "forward"}, {"server", "a=192.0.2.11:5300"}})};
    RuleSettings rule;
    rule.name = "games";
    rule.set(weir::on({{Protocol::udp, 7001, 7001}}));
    rule.use = "own";
    RuleSettings web;
    web.name = "web";
    web.set(weir::on({{Protocol::tcp, 80, 80}}));
    web.use = "pool";
    out.rules = {rule, web};
    out.gateway.default_use = "reject";
    out.firewall.bypass_mark = {};  // to set one takes privileges
    out.dns.servers = {Endpoint::parse("127.0.0.1:53").value()};
    out.limits.max_flows = 100;
    out.limits.max_flows_per_client = 100;
    return out;
  }
  static Descriptor bound(int type) {
    Descriptor out(::socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_storage raw{};
    const socklen_t length = Endpoint{Address::v4(INADDR_LOOPBACK), 0}.to(raw);
    REQUIRE(bind(out.get(), reinterpret_cast<const sockaddr*>(&raw), length) == 0);
    return out;
  }
  static Endpoint name(int fd) {
    sockaddr_storage raw{};
    socklen_t length = sizeof raw;
    REQUIRE(getsockname(fd, reinterpret_cast<sockaddr*>(&raw), &length) == 0);
    return Endpoint::from(raw);
  }
  static void join(int fd, const Endpoint& to) {
    sockaddr_storage raw{};
    const socklen_t length = to.to(raw);
    REQUIRE(connect(fd, reinterpret_cast<const sockaddr*>(&raw), length) == 0);
  }
  static Descriptor listen_for_words(const std::string& path) {
    Descriptor out(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::copy(path.begin(), path.end(), std::begin(address.sun_path));
    REQUIRE(bind(out.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    return out;
  }
  // The first worker goes on with a flow between 198.51.100.7 and 203.0.113.9.
  void begin_flow() {
    server_ = bound(SOCK_DGRAM);
    Descriptor socket = bound(SOCK_DGRAM);
    const Endpoint remote = name(server_.get());
    const Endpoint local = name(socket.get());
    join(server_.get(), local);
    join(socket.get(), remote);
    flow_socket_.reset(fcntl(socket.get(), F_DUPFD_CLOEXEC, 0));
    InheritedWorker from;
    from.part.bindings.push_back({.rule = "games", .upstream = "own", .per_client = false});
    from.part.sockets = 1;
    from.part.flows = 1;
    takeover::SocketPart part;
    part.client = Endpoint::parse("198.51.100.7:4000").value();
    part.local = local;
    part.only_one_flow = true;
    from.sockets.push_back(part);
    takeover::FlowPart flow;
    flow.number = 5;
    flow.client = part.client;
    flow.destination = Endpoint::parse("203.0.113.9:7001").value();
    flow.remote = remote;
    flow.source = local;
    flow.opened = flow.last_activity = clock_now();
    flow.traffic.packets_up = 1;
    flow.traffic.bytes_up = 10;
    from.flows.push_back(flow);
    from.descriptors.push_back(std::move(socket));
    in_force.adopt(std::move(from), *workers.all().front());
  }

  Descriptor notified_;
  std::array<Endpoint, count> at_;
  Descriptor server_;
  Descriptor flow_socket_;  // another one of the flow's
  int marks_ = 0;
};

}  // namespace weir
