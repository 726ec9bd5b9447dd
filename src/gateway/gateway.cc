#include "gateway/gateway.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <thread>
#include <utility>

#include "account/flow_id.h"
#include "base/transparent.h"

namespace weir {
namespace {

std::size_t worker_count(const Configuration& configuration) {
  if (configuration.gateway.workers > 0) {
    return static_cast<std::size_t>(configuration.gateway.workers);
  }
  return std::max(1U, std::thread::hardware_concurrency());
}

// Listeners share their port among workers (SO_REUSEPORT), and would with another gateway too. A
// socket that does not share finds out whether somebody has the port.
Result<> check_port_free(Port port) {
  for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
    const Descriptor probe(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
    sockaddr_storage raw{};
    const socklen_t length = Endpoint{Address::any(Family::v4), port}.to(raw);
    const bool reuse =
        type == SOCK_STREAM ? set_option(probe.get(), SOL_SOCKET, SO_REUSEADDR, 1) : true;
    if (!probe.valid() || !reuse ||
        bind(probe.get(), reinterpret_cast<const sockaddr*>(&raw), length) != 0) {
      return system_error(std::string(type == SOCK_STREAM ? "TCP" : "UDP") + " port " +
                              std::to_string(port) + " is not free",
                          errno);
    }
  }
  return Done{};
}

}  // namespace

firewall::Ruleset firewall_rules(const Snapshot& snapshot) {
  const auto offloads = snapshot.offloads();
  return firewall::make_ruleset(snapshot.configuration(),
                                std::span(offloads).first(offloads.size() - 1), offloads.back());
}

Gateway::Gateway(Options options, std::size_t workers, std::unique_ptr<Log> log)
    : options_(std::move(options)),
      log_(std::move(log)),
      started_(clock_now()),
      admission_(options_.descriptors, workers),
      rule_tallies_(0),
      upstream_tallies_(0),
      service_manager_(ServiceManager::from_environment()) {}

Result<std::unique_ptr<Gateway>> Gateway::start(Options options, Configuration configuration) {
  auto log = Log::open(configuration.log);
  if (!log) {
    return log.error();
  }
  std::unique_ptr<Gateway> gateway(
      new Gateway(std::move(options), worker_count(configuration), std::move(log).value()));
  if (auto opened = gateway->open(std::move(configuration)); !opened) {
    return opened.error();
  }
  return gateway;
}

Result<> Gateway::open(Configuration configuration) {
  rule_tallies_ = Tallies(worker_count(configuration));
  upstream_tallies_ = Tallies(worker_count(configuration));
  auto made = Snapshot::make(std::move(configuration), inventory(), nullptr);
  if (!made) {
    return made.error();
  }
  snapshot_ = std::move(made).value();
  const Configuration& from = snapshot_->configuration();
  mailbox_ = std::make_unique<Mailbox>(loop_);

  // First of all the socket that only one gateway can have.
  auto admin = AdminServer::start(loop_, from.admin, *this, *log_);
  if (!admin) {
    return admin.error();
  }
  admin_ = std::move(admin).value();

  auto resolver = Resolver::make(loop_, from.dns, from.firewall.bypass_mark, *log_);
  if (!resolver) {
    return resolver.error();
  }
  resolver_ = std::move(resolver).value();
  checker_ = std::make_unique<Checker>(loop_, *log_, from.firewall.bypass_mark);
  resolver_->on_services_changed([this]() { renew_snapshot(); });
  look_after_servers();

  watch_signals();
  if (auto workers = open_workers(); !workers) {
    return workers.error();
  }
  if (options_.firewall == OwnFirewall::yes) {
    if (auto started = start_firewall(); !started) {
      return started.error().while_trying("cannot install the firewall's rules");
    }
  }
  log_->info("weir " WEIR_VERSION " serves on port " + std::to_string(from.gateway.port) +
             " with " + std::to_string(workers_.size()) + " workers, at most " +
             std::to_string(snapshot_->limits().max_flows) + " flows each of TCP and UDP (" +
             std::to_string(options_.descriptors) + " descriptors)");
  service_manager_.ready("serving on port " + std::to_string(from.gateway.port));
  if (const auto interval = service_manager_.watchdog()) {
    heart_ = std::make_unique<Timer>(loop_, [this]() { beat(); });
    heart_->every(*interval);
  }
  return Done{};
}

Result<> Gateway::start_firewall() {
  const StartingProgram guard(*this);
  auto keeper = firewall::Keeper::start(loop_, *log_, firewall_rules(*snapshot_),
                                        options_.backend.value_or(firewall::standard_backend()),
                                        [this](const std::function<void()>& starts_programs) {
                                          const StartingProgram starting(*this);
                                          starts_programs();
                                        });
  if (!keeper) {
    return keeper.error();
  }
  keeper_ = std::move(keeper).value();
  return Done{};
}

Result<> Gateway::open_workers() {
  const Port port = snapshot_->configuration().gateway.port;
  if (auto is_free = check_port_free(port); !is_free) {
    return is_free.error();
  }
  const std::size_t count = worker_count(snapshot_->configuration());
  // All are bound before one listens: nothing is half taken when the last one fails.
  std::vector<Listeners> listeners;
  for (std::size_t i = 0; i < count; ++i) {
    auto opened = Listeners::open(port);
    if (!opened) {
      return opened.error();
    }
    listeners.push_back(std::move(opened).value());
  }
  const Worker::Shared shared{.admission = admission_,
                              .loop_guard = loop_guard_,
                              .log = *log_,
                              .process = FlowIds::random_process(),
                              .port = port,
                              .starting_program = starting_program_,
                              .on_drained = [this]() {
                                mailbox_->post([this]() {
                                  if (++drained_workers_ == workers_.size()) {
                                    exit_now();
                                  }
                                });
                              }};
  for (std::size_t i = 0; i < count; ++i) {
    workers_.push_back(std::make_unique<Worker>(i, shared, snapshot_, std::move(listeners[i])));
  }
  return Done{};
}

void Gateway::watch_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGUSR1, SIG_IGN);
  std::signal(SIGUSR2, SIG_IGN);
  signals_.push_back(
      std::make_unique<Signal>(loop_, SIGHUP, [this]() { reload([](const ReloadReport&) {}); }));
  for (const int number : {SIGTERM, SIGINT}) {
    signals_.push_back(std::make_unique<Signal>(loop_, number, [this]() {
      if (draining_) {
        exit_now();
      } else {
        drain();
      }
    }));
  }
}

void Gateway::run() { loop_.run(); }

void Gateway::drain() {
  if (std::exchange(draining_, true)) {
    return;
  }
  log_->info("draining: no new flows; those that live may finish within timeouts.drain");
  const auto most = snapshot_->timeouts().drain;
  constexpr Milliseconds farewell{10'000};  // for the firewall's rules and the log
  service_manager_.stopping(most + farewell, "draining");
  drain_timer_ = std::make_unique<Timer>(loop_, [this]() { exit_now(); });
  drain_timer_->once(most);
  for (const auto& worker : workers_) {
    worker->post([](Worker& self) { self.drain(); });
  }
}

void Gateway::exit_now() { loop_.stop(); }

void Gateway::beat() {
  if (silent_workers_ != 0) {
    return;  // who waits for a worker for long is not alive
  }
  service_manager_.alive();
  silent_workers_ = workers_.size();
  for (const auto& worker : workers_) {
    worker->post([this](Worker&) { mailbox_->post([this]() { --silent_workers_; }); });
  }
}

Gateway::~Gateway() {
  admin_.reset();
  workers_.clear();
  keeper_.reset();
  checker_.reset();
  resolver_.reset();
  signals_.clear();
  drain_timer_.reset();
  heart_.reset();
  mailbox_.reset();
  if (snapshot_) {
    log_->info("weir has stopped");
  }
}

}  // namespace weir
