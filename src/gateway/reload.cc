// Reload: everything that can fail happens before anything changes. Then the log, the firewall's
// rules and the workers' snapshot follow, and the report is sent when the last worker has the new
// snapshot. Live flows keep the one they opened with.
#include <atomic>
#include <utility>

#include "firewall/installed.h"
#include "gateway/compare.h"
#include "gateway/gateway.h"

namespace weir {

void Gateway::reload(std::function<void(ReloadReport)> answer) {
  waiting_reloads_.push_back(std::move(answer));
  if (reloading_.empty()) {
    begin_reload();
  }
}

void Gateway::begin_reload() {
  reloading_ = std::exchange(waiting_reloads_, {});
  service_manager_.reloading();
  auto report = std::make_shared<ReloadReport>();
  const auto next = prepare_reload(*report);
  if (!next) {
    finish_reload(*report);
    return;
  }
  report->ok = true;
  snapshot_ = next;
  look_after_servers();
  // Each worker takes the snapshot and counts; the last one to answer completes the report.
  auto outstanding = std::make_shared<std::size_t>(workers_.size());
  for (const auto& worker : workers_) {
    worker->post([this, report, outstanding, next](Worker& self) {
      const auto taken = self.use_reloaded(next);
      mailbox_->post([this, report, outstanding, taken]() {
        report->flows_kept += taken.flows_kept;
        report->flows_now_matching_another_rule += taken.matching_another_rule;
        if (--*outstanding == 0) {
          finish_reload(*report);
        }
      });
    });
  }
}

std::shared_ptr<const Snapshot> Gateway::prepare_reload(ReloadReport& report) {
  if (successor_ != 0) {
    report.errors.push_back("process " + std::to_string(successor_) + " has taken over");
    return nullptr;
  }
  if (draining_) {
    report.errors.emplace_back("this gateway is draining");
    return nullptr;
  }
  if (handover_ && handover_->is_under_way()) {
    report.errors.emplace_back("a takeover is under way");
    return nullptr;
  }
  Loaded loaded = options_.load();
  for (const Diagnostic& diagnostic : loaded.diagnostics) {
    auto& list =
        diagnostic.severity == Diagnostic::Severity::error ? report.errors : report.warnings;
    list.push_back(diagnostic.line());
  }
  if (!loaded.configuration) {
    return nullptr;
  }
  if (const auto why = needs_restart(snapshot_->configuration(), *loaded.configuration)) {
    report.errors.push_back(*why);
    return nullptr;
  }
  auto made = Snapshot::make(std::move(*loaded.configuration), inventory(), snapshot_.get());
  if (!made) {
    report.errors.push_back(
        Diagnostic{Diagnostic::Severity::error, made.error().place(), made.error().text()}.line());
    return nullptr;
  }
  auto next = std::move(made).value();
  const auto& to = next->configuration();
  if (auto log = log_->reopen(to.log); !log) {
    report.errors.push_back(log.error().text());
    return nullptr;
  }
  const auto back_out = [&](const Error& error) {
    report.errors.push_back(error.text());
    const auto& from = snapshot_->configuration();
    if (auto log = log_->reopen(from.log); !log) {
      log_->error(log.error().text());
    }
    if (auto dns = resolver_->reconfigure(from.dns); !dns) {
      log_->error(dns.error().text());
    }
    if (auto admin = admin_->reconfigure(from.admin); !admin) {
      log_->error(admin.error().text());
    }
  };
  if (auto dns = resolver_->reconfigure(to.dns); !dns) {
    back_out(dns.error());
    return nullptr;
  }
  if (auto admin = admin_->reconfigure(to.admin); !admin) {
    back_out(admin.error());
    return nullptr;
  }
  if (auto rules = replace_firewall(*next); !rules) {
    back_out(rules.error());
    return nullptr;
  }
  compare(*snapshot_, *next, report);
  return next;
}

// Rules that are installed are replaced in the same step as the configuration, whoever installed
// them; where none are, none are wanted. What would come out the same is not written again.
Result<> Gateway::replace_firewall(const Snapshot& next) {
  const StartingProgram guard(*this);
  const auto refused = [](const Error& error) {
    return error.while_trying("cannot replace the firewall's rules");
  };
  const firewall::Ruleset rules = firewall_rules(next);
  if (keeper_) {
    const auto replaced = replace_own_rules(rules);
    return replaced ? replaced : refused(replaced.error());
  }
  for (const auto backend : {firewall::Backend::nft, firewall::Backend::iptables}) {
    if (!firewall::is_installed(backend)) {
      continue;
    }
    const auto there = firewall::installed_text(backend);
    if (!there) {
      return refused(there.error());
    }
    if (there.value().empty()) {
      continue;
    }
    if (standing_ && firewall::still_stands(*standing_, rules, backend, there.value())) {
      return Done{};
    }
    firewall_counts_.before_replacing(*snapshot_, clock_now());
    auto standing = firewall::put_up(rules, backend);
    if (!standing) {
      return refused(standing.error());
    }
    firewall_counts_.replaced();
    standing_ = std::move(standing).value();
    return Done{};
  }
  return Done{};
}

Result<> Gateway::replace_own_rules(const firewall::Ruleset& rules) {
  bool anew = false;
  auto replaced = keeper_->replace(rules, [&]() {
    anew = true;
    firewall_counts_.before_replacing(*snapshot_, clock_now());
  });
  if (replaced && anew) {
    firewall_counts_.replaced();
  }
  return replaced;
}

void Gateway::finish_reload(const ReloadReport& report) {
  if (report.ok) {
    ++reloads_;
    log_->info("reloaded: " + std::to_string(report.rules_added.size()) + " rules added, " +
               std::to_string(report.rules_removed.size()) + " removed, " +
               std::to_string(report.rules_changed.size()) + " changed; " +
               std::to_string(report.flows_kept) + " flows kept");
  } else {
    ++reloads_failed_;
    log_->error("reload refused, nothing changed: " +
                (report.errors.empty() ? std::string("?") : report.errors.front()));
  }
  service_manager_.ready(report.ok ? "serving"
                                   : "serving; the last reload was refused: " +
                                         (report.errors.empty() ? "" : report.errors.front()));
  for (auto& answer : std::exchange(reloading_, {})) {
    answer(report);
  }
  if (!waiting_reloads_.empty()) {
    begin_reload();
  }
}

}  // namespace weir
