#include "firewall/upkeep.h"

#include <span>
#include <utility>

#include "firewall/install.h"
#include "firewall/installed.h"
#include "firewall/surroundings.h"

namespace weir::firewall {

Upkeep::Upkeep(Loop& loop, Log& log, std::function<void(RuleReconciler::Status)> on_status,
               NameSets* name_sets)
    : loop_(loop), log_(log), on_status_(std::move(on_status)), name_sets_(name_sets) {}

RuleReconciler::Owner Upkeep::reconciler_owner() {
  return {.about_to_replace = [this]() { read_counts(); },
          .replaced = [this](bool anew) { counts_.replaced(anew); },
          .worked = [this]() { on_status_(reconciler_->status()); },
          .name_sets = name_sets_};
}

void Upkeep::read_counts() {
  if (in_force_) {
    counts_.read(*in_force_,
                 reconciler_ ? std::optional(reconciler_->status().backend) : std::nullopt);
  }
}

Result<> Upkeep::start(const Ruleset& rules, Backend backend) {
  in_force_ = rules;
  return keep(RuleReconciler::start(loop_, log_, rules, backend, reconciler_owner()));
}

Result<> Upkeep::inherit(const Ruleset& rules, RuleReconciler::Inherited from) {
  in_force_ = rules;
  return keep(RuleReconciler::inherit(loop_, log_, rules, std::move(from), reconciler_owner()));
}

Result<> Upkeep::keep(Result<std::unique_ptr<RuleReconciler>> reconciler) {
  if (!reconciler) {
    return reconciler.error();
  }
  reconciler_ = std::move(reconciler).value();
  on_status_(reconciler_->status());
  return Ok{};
}

// What would come out the same is not written again.
Result<> Upkeep::replace(const Ruleset& rules) {
  if (reconciler_) {
    auto replaced = substitute(rules);
    if (replaced) {
      in_force_ = rules;
    }
    return replaced;
  }
  for (const auto backend : {Backend::nft, Backend::iptables}) {
    if (!is_installed(backend)) {
      continue;
    }
    const auto there = installed_text(backend);
    if (!there) {
      return there.error();
    }
    if (!there.value().empty()) {
      return replace_of_others(rules, backend, there.value());
    }
  }
  return Ok{};
}

Result<> Upkeep::substitute(const Ruleset& rules) {
  auto replaced = reconciler_->replace(rules);
  on_status_(reconciler_->status());
  return replaced;
}

Result<> Upkeep::replace_of_others(const Ruleset& rules, Backend backend,
                                   const std::string& there) {
  const auto fitting = fitted_to_machine(
      rules, backend,
      installed_ ? std::span(installed_->ruleset.outside) : std::span<const std::string>());
  if (!fitting) {
    return fitting.error();
  }
  if (!installed_ || !is_same(*installed_, fitting.value(), backend, there)) {
    read_counts();
    // They may have been removed meanwhile.
    if (const auto still = installed_text(backend); still && still.value().empty()) {
      return Ok{};
    }
    auto installed = install_rules(fitting.value(), backend);
    if (!installed) {
      return installed.error();
    }
    counts_.replaced(installed.value().counts_anew);
    installed_ = std::move(installed).value();
  }
  in_force_ = rules;
  return Ok{};
}

Counts Upkeep::count(const Ruleset& rules) {
  in_force_ = rules;
  read_counts();
  return counts_.all();
}

}  // namespace weir::firewall
