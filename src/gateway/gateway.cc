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
#include "firewall/installed.h"

namespace weir {
namespace {

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

// Rules of another gateway that runs would be replaced by ours, and gone when we end.
Result<> check_rules_ours(Port port) {
  for (const auto backend : {firewall::Backend::nft, firewall::Backend::iptables}) {
    if (!firewall::is_installed(backend)) {
      continue;
    }
    const auto installed = firewall::installed_text(backend);
    const auto theirs = installed ? firewall::port_in(installed.value()) : std::nullopt;
    if (theirs && *theirs != port && !check_port_free(*theirs)) {
      return Error("those that are there belong to a gateway that runs, on port " +
                   std::to_string(*theirs) + ": stop it first, or run without --firewall");
    }
  }
  return Done{};
}

// By a socket unit: what we gave to be kept has a worker's name.
bool bound_by_manager(std::span<const ServiceManager::Passed> passed) {
  return std::any_of(passed.begin(), passed.end(),
                     [](const auto& one) { return !one.name.starts_with("worker-"); });
}

}  // namespace

std::size_t worker_count(const Configuration& configuration) {
  if (configuration.gateway.workers > 0) {
    return static_cast<std::size_t>(configuration.gateway.workers);
  }
  return std::max(1U, std::thread::hardware_concurrency());
}

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
  if (options_.inheritance) {
    if (auto fits = check_fit(configuration); !fits) {
      return fits.error();
    }
    restored_ = restore_servers(options_.inheritance->offer(), servers_);
  }
  auto made = Snapshot::make(std::move(configuration), inventory(), nullptr);
  if (!made) {
    return made.error();
  }
  snapshot_ = std::move(made).value();
  const Configuration& from = snapshot_->configuration();
  mailbox_ = std::make_unique<Mailbox>(loop_);

  // First of all the socket that only one gateway can have.
  if (auto admin = open_admin(); !admin) {
    return admin.error();
  }

  auto resolver = Resolver::make(loop_, from.dns, from.firewall.bypass_mark, *log_);
  if (!resolver) {
    return resolver.error();
  }
  resolver_ = std::move(resolver).value();
  if (options_.inheritance) {
    resolver_->adopt(options_.inheritance->offer().known);
  }
  checker_ = std::make_unique<Checker>(loop_, *log_, from.firewall.bypass_mark);
  resolver_->on_services_changed([this]() { renew_snapshot(); });
  look_after_servers();
  restored_ = {};

  watch_signals();
  if (options_.inheritance) {
    return take_over();
  }
  if (auto workers = open_workers(); !workers) {
    return workers.error();
  }
  if (options_.firewall == OwnFirewall::yes) {
    if (auto started = start_firewall(); !started) {
      return started.error().while_trying("cannot install the firewall's rules");
    }
  }
  announce();
  await_successor();
  return Done{};
}

Result<> Gateway::open_admin() {
  const AdminSettings& settings = snapshot_->configuration().admin;
  auto admin = options_.inheritance ? AdminServer::prepare(loop_, settings, *this, *log_)
                                    : AdminServer::start(loop_, settings, *this, *log_);
  if (!admin) {
    return admin.error();
  }
  admin_ = std::move(admin).value();
  return Done{};
}

// Says that we serve, to the log and the service manager.
void Gateway::announce() {
  served_ = true;
  const Configuration& from = snapshot_->configuration();
  log_->info("weir " WEIR_VERSION " serves on port " + std::to_string(from.gateway.port) +
             " with " + std::to_string(workers_.size()) + " workers, at most " +
             std::to_string(snapshot_->limits().max_flows) + " flows each of TCP and UDP (" +
             std::to_string(options_.descriptors) + " descriptors)");
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    service_manager_.keep(listener_name(i), workers_[i]->listening());
  }
  service_manager_.ready("serving on port " + std::to_string(from.gateway.port));
  if (const auto interval = service_manager_.watchdog()) {
    heart_ = std::make_unique<Timer>(loop_, [this]() { beat(); });
    heart_->every(*interval);
  }
}

Result<> Gateway::start_firewall() {
  const StartingProgram guard(*this);
  if (auto ours = check_rules_ours(snapshot_->configuration().gateway.port); !ours) {
    return ours;
  }
  return keep(firewall::Keeper::start(loop_, *log_, firewall_rules(*snapshot_),
                                      options_.backend.value_or(firewall::standard_backend()),
                                      around_programs()));
}

Result<> Gateway::keep(Result<std::unique_ptr<firewall::Keeper>> keeper) {
  if (!keeper) {
    return keeper.error();
  }
  keeper_ = std::move(keeper).value();
  return Done{};
}

firewall::Keeper::Around Gateway::around_programs() {
  return [this](const std::function<void()>& starts_programs) {
    const StartingProgram starting(*this);
    starts_programs();
  };
}

Result<> Gateway::open_workers() {
  const Port port = snapshot_->configuration().gateway.port;
  const std::size_t count = worker_count(snapshot_->configuration());
  auto passed = service_manager_.take_passed();
  for (const auto& name : close_foreign(passed, port)) {
    service_manager_.forget(name);
  }
  if (passed.empty()) {
    if (auto is_free = check_port_free(port); !is_free) {
      return is_free.error();
    }
  } else if (bound_by_manager(passed) &&
             snapshot_->configuration().firewall.on_failure == OnFailure::open) {
    log_->warning(
        "the service manager holds the port open (weir.socket): while weir is down clients would "
        "wait, which firewall.on-failure = open promises they will not; disable weir.socket, or "
        "set on-failure = closed");
  }
  auto listeners = passed.empty() ? open_listeners(port, count)
                                  : adopt_listeners(std::move(passed), port, count);
  if (!listeners) {
    return listeners.error();
  }
  for (std::size_t i = 0; i < count; ++i) {
    workers_.push_back(std::make_unique<Worker>(i, shared(), snapshot_,
                                                std::move(listeners.value()[i]),
                                                FlowIds(process_, static_cast<unsigned>(i))));
  }
  for (const auto& worker : workers_) {
    worker->start();
  }
  return Done{};
}

Worker::Shared Gateway::shared() {
  return {.admission = admission_,
          .loop_guard = loop_guard_,
          .log = *log_,
          .port = snapshot_->configuration().gateway.port,
          .starting_program = starting_program_,
          .on_drained = [this]() {
            mailbox_->post([this]() {
              ++drained_workers_;
              exit_when_drained();
            });
          }};
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

// Whoever asks us once more to end must not cut off the last records, which are still to be
// written. Between watching a signal and ignoring it lies its default action, for which no thread
// may be there: those that are left have blocked it.
void Gateway::stop_watching_signals() {
  sigset_t requests{};
  sigemptyset(&requests);
  for (const int number : {SIGTERM, SIGINT}) {
    sigaddset(&requests, number);
  }
  pthread_sigmask(SIG_BLOCK, &requests, nullptr);
  signals_.clear();
  for (const int number : {SIGTERM, SIGINT}) {
    std::signal(number, SIG_IGN);
  }
}

Gateway::~Gateway() {
  handover_.reset();
  admin_.reset();
  workers_.clear();
  keeper_.reset();
  checker_.reset();
  resolver_.reset();
  stop_watching_signals();
  drain_timer_.reset();
  handshakes_.reset();
  last_answers_.reset();
  heart_.reset();
  mailbox_.reset();
  if (served_) {
    log_->info("weir has stopped");
  }
}

}  // namespace weir
