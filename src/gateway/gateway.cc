#include "gateway/gateway.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <span>
#include <string>
#include <thread>
#include <utility>

#include "account/flow_id.h"
#include "base/early_signals.h"
#include "firewall/program.h"
#include "firewall/time_wait.h"
#include "intercept/half_open.h"
#include "intercept/passed_listeners.h"
#include "intercept/port_claim.h"

namespace weir {
namespace {

// For the firewall's rules, which are changed three times, and the log.
constexpr Milliseconds farewell = 3 * firewall::longest_run + Milliseconds{10'000};

// gateway.workers, or one for each CPU.
std::size_t worker_count(const Configuration& configuration) {
  return configuration.gateway.workers > 0 ? static_cast<std::size_t>(configuration.gateway.workers)
                                           : std::max(1U, std::thread::hardware_concurrency());
}

// Whether a socket unit bound them: those that we gave to be kept have a worker's name.
bool bound_by_manager(std::span<const PassedSocket> passed) {
  return std::any_of(passed.begin(), passed.end(),
                     [](const auto& one) { return !one.name.starts_with("worker-"); });
}

// Without our rules they would stand in the way of clients that take a port again.
void forget_time_wait(Log& log) {
  if (auto forgotten = firewall::forget_time_wait(); !forgotten) {
    log.warning(forgotten.error().text() +
                ": for a minute a client that uses the same port again for the same server gets "
                "no answer, unless net.ipv4.tcp_early_demux is 0");
  }
}

}  // namespace

Gateway::Gateway(Options options, std::size_t workers, std::unique_ptr<Log> log)
    : options_(std::move(options)),
      count_(workers),
      log_(std::move(log)),
      mailbox_(loop_),
      service_manager_(ServiceManager::from_environment()),
      looked_up_sets_(learnt_names_, options_.firewall, *log_),
      workers_(mailbox_, *log_, learnt_names_, looked_up_sets_, options_.descriptors, workers),
      devices_(loop_, *log_, workers_, [this]() { rule_fitting_.look_at_devices(); }),
      in_force_(loop_, *log_, workers_, {.devices = devices_, .live_sets = live_sets_}, workers),
      router_(loop_, *log_, workers_, devices_, [this]() { rule_fitting_.look(); }),
      firewall_(loop_, *log_, in_force_, looked_up_sets_.sets(),
                [this]() { return !draining_.is_under_way() && !is_being_taken_over(); }),
      firewall_counts_(loop_, firewall_),
      reload_(*log_, reload_source(), in_force_, firewall_, workers_, service_manager_),
      rule_fitting_(loop_, *log_,
                    {.workers = workers_,
                     .in_force = in_force_,
                     .firewall = firewall_,
                     .live_sets = live_sets_,
                     .devices = devices_},
                    [this]() { return rules_may(); }),
      set_changes_(loop_, *log_,
                   {.in_force = in_force_, .live_sets = live_sets_, .rule_fitting = rule_fitting_},
                   [this]() { return may_change(); }),
      draining_(*log_, draining_callbacks()),
      drain_timer_(loop_,
                   [this]() {
                     draining_.advance();
                     follow_draining();
                   }),
      live_flows_(loop_, mailbox_, workers_),
      reports_(
          *log_,
          {.in_force = in_force_,
           .firewall = firewall_,
           .firewall_counts = firewall_counts_,
           .workers = workers_,
           .live_flows = live_flows_,
           .reload = reload_,
           .names = learnt_names_,
           .sets = set_changes_},
          [this]() { return draining_.is_under_way(); }, [this]() { drain(); }) {}

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
  const auto* running = options_.takeover_client ? &options_.takeover_client->offer() : nullptr;
  if (running != nullptr) {
    if (auto fits = TakeoverSuccessor::check_fit(*running, configuration, options_.firewall,
                                                 options_.backend);
        !fits) {
      return fits;
    }
  }
  if (auto opened = in_force_.open(std::move(configuration), running); !opened) {
    return opened;
  }
  // First of all the socket that only one gateway can have.
  const AdminSettings& settings = in_force_.configuration().admin;
  auto admin = running != nullptr ? AdminServer::prepare(loop_, settings, reports_, *log_)
                                  : AdminServer::start(loop_, settings, reports_, *log_);
  if (!admin) {
    return admin.error();
  }
  admin_ = std::move(admin).value();
  if (auto begun = in_force_.begin(running); !begun) {
    return begun;
  }
  watch_signals();
  router_.follow_neighbours();
  devices_.follow(in_force_.configuration().devices);
  if (running != nullptr) {
    return take_over();
  }
  if (auto workers = open_workers(); !workers) {
    return workers;
  }
  if (options_.firewall == UseFirewall::yes) {
    if (auto started = firewall_.start(options_.backend); !started) {
      return started.error().with_context("cannot install the firewall's rules");
    }
  }
  announce();
  await_successor();
  return Ok{};
}

Result<> Gateway::open_workers() {
  const Port port = in_force_.configuration().gateway.port;
  auto passed = service_manager_.take_passed();
  for (const auto& name : close_foreign(passed, port)) {
    service_manager_.forget(name);
  }
  if (passed.empty()) {
    if (auto is_free = wait_for_port(port, *log_); !is_free) {
      return is_free;
    }
  } else if (bound_by_manager(passed) &&
             in_force_.configuration().firewall.on_failure == OnFailure::open) {
    log_->warning(
        "the service manager holds the port open (weir.socket), so clients wait for an answer "
        "while "
        "weir is down, although firewall.on-failure = open; disable weir.socket, or set "
        "on-failure = closed");
  }
  auto listeners = passed.empty() ? open_listeners(port, count_)
                                  : adopt_listeners(std::move(passed), port, count_);
  if (!listeners) {
    return listeners.error();
  }
  workers_.make(
      std::move(listeners).value(), in_force_.snapshot(),
      [this](std::size_t i) { return FlowIds(process_, static_cast<unsigned>(i)); },
      on_worker_drained());
  static_cast<void>(remove_own_rules());  // of a gateway that was killed
  router_.tell_policy_rules();
  workers_.start();
  return Ok{};
}

Result<> Gateway::take_over() {
  // The service manager may have passed sockets, too: this process would not accept on them.
  static_cast<void>(service_manager_.take_passed());
  TakeoverSuccessor successor(*log_, *options_.takeover_client,
                              {.in_force = in_force_,
                               .firewall = firewall_,
                               .workers = workers_,
                               .names = learnt_names_,
                               .router = router_});
  auto taken =
      successor.take_over(options_.firewall, options_.backend, count_, on_worker_drained());
  if (!taken) {
    return taken;
  }
  // We serve. What is left takes its time.
  const takeover::GatewayState& offer = options_.takeover_client->offer();
  process_ = offer.process;
  rule_fitting_.go_on_from(std::chrono::sys_seconds(std::chrono::seconds(offer.flows_as_of)));
  const auto report_error = [this](const Result<>& renamed) {
    if (!renamed) {
      log_->error(renamed.error().text());
    }
  };
  report_error(admin_->rename_into_place(in_force_.configuration().admin));
  firewall_.tell([](firewall::RuleReconciler& reconciler) { reconciler.finish_takeover(); });
  if (service_manager_.address().empty() && !offer.notify.address.empty()) {
    service_manager_.inherit(offer.notify.address,
                             offer.notify.watchdog_ms > 0
                                 ? std::optional(Milliseconds(offer.notify.watchdog_ms))
                                 : std::nullopt);
  }
  announce();
  await_successor();
  if (donor_) {
    report_error(donor_->rename_into_place());
  }
  options_.takeover_client.reset();  // tells the old gateway that everything is ours by now
  return Ok{};
}

// Says that we serve, to the log and the service manager.
void Gateway::announce() {
  served_ = true;
  router_.follow_network();
  rule_fitting_.follow();
  set_changes_.follow();
  const std::string port = std::to_string(in_force_.configuration().gateway.port);
  log_->info("weir " WEIR_VERSION " serves on port " + port + " with " + std::to_string(count_) +
             " workers, at most " + std::to_string(in_force_.snapshot()->limits().max_flows) +
             " flows each of TCP and UDP (" + std::to_string(options_.descriptors) +
             " descriptors)");
  for (std::size_t i = 0; i < workers_.all().size(); ++i) {
    service_manager_.keep(listener_name(i), workers_.all()[i]->listening());
  }
  service_manager_.ready("serving on port " + port);
  if (const auto interval = service_manager_.watchdog()) {
    watchdog_timer_ = std::make_unique<Timer>(loop_, [this]() { ping(); });
    watchdog_timer_->every(*interval);
  }
}

// Tells the service manager that we are alive: this thread, and every worker.
void Gateway::ping() {
  if (!workers_answered_) {
    return;
  }
  service_manager_.alive();
  workers_answered_ = false;
  workers_.ask<char>([](Worker&) { return char{}; },
                     [this](const std::vector<char>&) { workers_answered_ = true; });
}

void Gateway::await_successor() {
  if (!options_.takeover_socket) {
    return;
  }
  donor_gateway_ = std::make_unique<DonorGateway>(
      *log_,
      DonorGateway::Parts{.in_force = in_force_,
                          .firewall = firewall_,
                          .workers = workers_,
                          .names = learnt_names_,
                          .service_manager = service_manager_},
      donor_callbacks(), process_,
      options_.takeover_client ? options_.takeover_client->last_numbers()
                               : std::vector<std::uint64_t>{});
  donor_ = std::make_unique<TakeoverDonor>(loop_, *log_, std::move(*options_.takeover_socket),
                                           *donor_gateway_);
  options_.takeover_socket.reset();
}

DonorGateway::Callbacks Gateway::donor_callbacks() {
  const auto not_draining = [this]() {
    return draining_.is_under_way() ? Result<>(Error("this gateway is draining")) : Result<>(Ok{});
  };
  return {.flows_as_of = [this]() { return rule_fitting_.flows_as_of(); },
          .may_offer =
              [this, not_draining]() {
                return reload_.is_under_way() && !draining_.is_under_way()
                           ? Result<>(Error("this gateway is applying a new configuration"))
                           : not_draining();
              },
          .still_may = not_draining,
          .handed_over =
              [this]() {
                watchdog_timer_.reset();
                admin_->leave();
                draining_.hand_over(in_force_.snapshot()->configuration().timeouts.drain);
                follow_draining();
              },
          .left =
              [this]() {
                admin_.reset();
                draining_.on_successor_disconnected();
                follow_draining();
              }};
}

Reload::Source Gateway::reload_source() {
  return {.load = [this](const SetTable* sets) { return options_.load(sets); },
          .may = [this]() { return may_change(); },
          .reconfigure_admin =
              [this](const AdminSettings& settings) { return admin_->reconfigure(settings); },
          .forget_gone_sets =
              [this](const Configuration& next) { return set_changes_.forget_gone(next); },
          .entered =
              [this]() {
                devices_.follow(in_force_.configuration().devices);
                rule_fitting_.follow();
              }};
}

Result<> Gateway::may_change() const {
  if (has_successor()) {
    return Error("process " + std::to_string(donor_gateway_->successor()) + " has taken over");
  }
  if (draining_.is_under_way()) {
    return Error("this gateway is draining");
  }
  if (is_being_taken_over()) {
    return Error("a takeover is under way");
  }
  return Ok{};
}

RuleFitting::May Gateway::rules_may() const {
  if (has_successor() || draining_.is_under_way()) {
    return RuleFitting::May::end_flows;
  }
  return reload_.is_under_way() || is_being_taken_over() ? RuleFitting::May::wait
                                                         : RuleFitting::May::switch_rules;
}

Draining::Callbacks Gateway::draining_callbacks() {
  return {
      .now = clock_now,
      .bypass_new_flows =
          [this]() {
            // While a successor is getting ready the rules are its own.
            if (!firewall_.keeps() || is_being_taken_over() ||
                in_force_.configuration().firewall.on_failure != OnFailure::open ||
                in_force_.snapshot()->configuration().timeouts.drain == Milliseconds{0}) {
              return false;
            }
            firewall_.let_pass(OwnFirewall::Passes::new_flows, [this](const Result<>& replaced) {
              if (!replaced) {
                log_->error("new flows cannot bypass this gateway while it drains: " +
                            replaced.error().text());
              }
              rules_replaced(replaced.ok());
            });
            return true;
          },
      .begin_bypass = [this]() { workers_.post([](Worker& self) { self.begin_bypass(); }); },
      .stop_taking =
          [this](Draining::NewFlows new_flows) {
            const auto mode = new_flows == Draining::NewFlows::bypass ? Worker::NewFlows::bypass
                                                                      : Worker::NewFlows::refuse;
            workers_.post([mode](Worker& self) { self.drain(mode); });
          },
      .half_open = count_half_open,
      .forget_time_wait = [this]() { forget_time_wait(*log_); },
      .bypass_all =
          [this]() {
            firewall_.let_pass(OwnFirewall::Passes::everything, [this](const Result<>& replaced) {
              if (!replaced) {
                log_->warning(
                    "cannot make the firewall let all flows pass before the gateway ends: " +
                    replaced.error().text());
              }
              rules_replaced(replaced.ok());
            });
            return true;
          },
      .has_udp_flows = [this]() { return workers_.live(Protocol::udp) != 0; },
      .exit = [this]() { loop_.stop(); }};
}

void Gateway::drain() {
  if (draining_.is_under_way()) {
    return;
  }
  const auto longest = in_force_.snapshot()->configuration().timeouts.drain;
  service_manager_.stopping(longest + farewell, "draining");
  draining_.begin(longest);
  follow_draining();
}

void Gateway::follow_draining() {
  if (const auto due = draining_.due()) {
    const auto left = std::chrono::ceil<Milliseconds>(*due - clock_now());
    drain_timer_.once(std::max(left, Milliseconds{0}));
  } else {
    drain_timer_.stop();
  }
}

void Gateway::rules_replaced(bool are_in_place) {
  draining_.rules_replaced(are_in_place ? Draining::Rules::in_place : Draining::Rules::as_before);
  follow_draining();
}

std::function<void()> Gateway::on_worker_drained() {
  return [this]() {
    if (++drained_workers_ == workers_.all().size()) {
      draining_.drained();
      follow_draining();
    }
  };
}

void Gateway::watch_signals() {
  signals_.push_back(std::make_unique<Signal>(
      loop_, SIGHUP, [this]() { reload_.ask([](const ReloadReport&) {}); }));
  for (const int number : {SIGTERM, SIGINT}) {
    signals_.push_back(std::make_unique<Signal>(loop_, number, [this]() {
      if (draining_.is_under_way()) {
        loop_.stop();
      } else {
        drain();
      }
    }));
  }
  EarlySignals::let_come();
}

void Gateway::run() { loop_.run(); }

// A second request to end must not cut off the last records, which are still to be written. Between
// watching a signal and ignoring it lies its default action, for which no thread may be there:
// those that are left have blocked it.
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
  donor_.reset();
  admin_.reset();
  router_.stop();
  devices_.stop();
  rule_fitting_.stop();
  set_changes_.stop();
  workers_.end();
  firewall_.end(OwnFirewall::End::take_back);
  if (served_ && !has_successor()) {
    forget_time_wait(*log_);
    static_cast<void>(remove_own_rules());
  }
  stop_watching_signals();
  if (served_) {
    log_->info("weir has stopped");
  }
}

}  // namespace weir
