#include "gateway/reload.h"

#include <string>
#include <utility>

#include "flow/compare.h"

namespace weir {

Reload::Reload(Log& log, Source source, InForce& in_force, OwnFirewall& firewall, Workers& workers,
               const ServiceManager& service_manager)
    : log_(log),
      source_(std::move(source)),
      in_force_(in_force),
      firewall_(firewall),
      workers_(workers),
      service_manager_(service_manager) {}

void Reload::ask(Answer answer) {
  waiting_.push_back(std::move(answer));
  if (answering_.empty()) {
    begin();
  }
}

void Reload::begin() {
  answering_ = std::exchange(waiting_, {});
  service_manager_.reloading();
  auto report = std::make_shared<ReloadReport>();
  const auto next = prepare(*report);
  if (!next) {
    finish(*report);
    return;
  }
  firewall_.replace(*next,
                    [this, next, report, before = in_force_.snapshot()](const Result<>& replaced) {
                      if (!replaced) {
                        report->errors.push_back(replaced.error().text());
                        go_back();
                        finish(*report);
                        return;
                      }
                      if (in_force_.snapshot() == before) {
                        enter(next, report);
                        return;
                      }
                      // Servers of the one in force were laid out anew meanwhile.
                      auto again = in_force_.make(next->configuration());
                      enter(again ? std::move(again).value() : next, report);
                    });
}

void Reload::enter(const std::shared_ptr<const Snapshot>& next,
                   const std::shared_ptr<ReloadReport>& report) {
  report->ok = true;
  static_cast<ConfigurationChanges&>(*report) = compare(*in_force_.snapshot(), *next);
  for (std::string& gone : source_.forget_gone_sets(next->configuration())) {
    report->warnings.push_back(std::move(gone));
  }
  in_force_.enter(next);
  firewall_.follow_cgroups();
  // Each worker takes the snapshot and counts.
  workers_.gather<Worker::Taken>(
      [next](Worker& self, std::function<void(Worker::Taken)> say) {
        self.use_reloaded(next, std::move(say));
      },
      [this, report](const std::vector<Worker::Taken>& taken) {
        for (const Worker::Taken& one : taken) {
          report->flows_kept += one.flows_kept;
          report->flows_now_matching_another_rule += one.matching_another_rule;
        }
        finish(*report);
      });
}

std::shared_ptr<const Snapshot> Reload::prepare(ReloadReport& report) {
  if (auto may = source_.may(); !may) {
    report.errors.push_back(may.error().text());
    return nullptr;
  }
  Loaded loaded = source_.load(in_force_.configuration().set_table.get());
  for (const Diagnostic& diagnostic : loaded.diagnostics) {
    auto& list =
        diagnostic.severity == Diagnostic::Severity::error ? report.errors : report.warnings;
    list.push_back(diagnostic.line());
  }
  if (!loaded.configuration) {
    return nullptr;
  }
  if (const auto why = needs_restart(in_force_.configuration(), *loaded.configuration)) {
    report.errors.push_back(*why);
    return nullptr;
  }
  auto made = in_force_.make(std::move(*loaded.configuration));
  if (!made) {
    report.errors.push_back(
        Diagnostic{Diagnostic::Severity::error, made.error().location(), made.error().text()}
            .line());
    return nullptr;
  }
  auto next = std::move(made).value();
  if (auto log = log_.reopen(next->configuration().log); !log) {
    report.errors.push_back(log.error().text());
    return nullptr;
  }
  if (auto all = reconfigure(next->configuration()); !all) {
    report.errors.push_back(all.error().text());
    go_back();
    return nullptr;
  }
  return next;
}

// What has followed is as the configuration in force has it.
void Reload::go_back() {
  const auto& from = in_force_.configuration();
  for (const auto& back : {log_.reopen(from.log), in_force_.resolver().reconfigure(from.dns),
                           source_.reconfigure_admin(from.admin)}) {
    if (!back) {
      log_.error(back.error().text());
    }
  }
}

Result<> Reload::reconfigure(const Configuration& to) {
  if (auto dns = in_force_.resolver().reconfigure(to.dns); !dns) {
    return dns.error();
  }
  return source_.reconfigure_admin(to.admin);
}

// The signal that asks for a reload also follows the rotation of the log: the log in force is
// opened anew, whatever is wrong with the configuration that was refused.
void Reload::let_go_of_rotated_log(const ReloadReport& refused) {
  LogSettings as_it_is = in_force_.configuration().log;
  as_it_is.level = log_.level();
  const auto log = log_.reopen(as_it_is);
  if (!log && (refused.errors.empty() || refused.errors.front() != log.error().text())) {
    log_.error(log.error().text());
  }
}

void Reload::finish(const ReloadReport& report) {
  const std::string why = report.errors.empty() ? std::string("?") : report.errors.front();
  if (report.ok) {
    ++count_.done;
    log_.info("reloaded: " + std::to_string(report.rules_added.size()) + " rules added, " +
              std::to_string(report.rules_removed.size()) + " removed, " +
              std::to_string(report.rules_changed.size()) + " changed; " +
              std::to_string(report.flows_kept) + " flows kept");
  } else {
    ++count_.refused;
    let_go_of_rotated_log(report);
    log_.error("reload refused, nothing changed: " + why);
  }
  service_manager_.ready(report.ok ? "serving" : "serving; the last reload was refused: " + why);
  for (auto& answer : std::exchange(answering_, {})) {
    answer(report);
  }
  if (report.ok) {
    source_.entered();
  }
  if (!waiting_.empty()) {
    begin();
  }
}

}  // namespace weir
