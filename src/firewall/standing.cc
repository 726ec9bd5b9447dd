#include "firewall/standing.h"

#include <fmt/format.h>

#include "firewall/install.h"
#include "firewall/installed.h"
#include "firewall/nft.h"
#include "firewall/policy_routes.h"
#include "firewall/program.h"
#include "firewall/script.h"

namespace weir::firewall {

namespace {

struct Damage {
  std::string rules;
  std::vector<std::string> routes;
};

Result<Damage> examine(const Standing& standing) {
  const auto text = installed_text(standing.backend);
  if (!text) {
    return text.error();
  }
  auto routes = missing_policy_routes(standing.ruleset);
  if (!routes) {
    return routes.error();
  }
  Damage damage;
  damage.routes = std::move(routes).value();
  if (text.value().empty()) {
    damage.rules = "the rules were removed";
  } else if (text.value() != standing.text) {
    damage.rules = "the rules were changed";
  }
  return damage;
}

// What apply() does, without its dozen programs where one will do: with the policy routes in place,
// which is so at every reload, nft replaces its table in one transaction and nothing else is left.
Result<> install(const Ruleset& ruleset, Backend backend) {
  const auto missing = missing_policy_routes(ruleset);
  if (backend != Backend::nft || !missing || !missing.value().empty()) {
    return apply(ruleset, backend);
  }
  const auto ended = run_program({"nft", "-f", "-"}, render_nft(ruleset));
  if (!ended) {
    return ended.error();
  }
  if (ended.value().status != 0) {
    return Error(first_line(ended.value().errors));
  }
  return Done{};
}

}  // namespace

Result<Standing> put_up(const Ruleset& ruleset, Backend backend) {
  if (const auto installed = install(ruleset, backend); !installed) {
    return installed.error();
  }
  auto text = installed_text(backend);
  if (!text) {
    return text.error();
  }
  return Standing{.ruleset = ruleset,
                  .backend = backend,
                  .script = apply_script(ruleset, backend),
                  .text = std::move(text).value()};
}

bool still_stands(const Standing& standing, const Ruleset& ruleset, Backend backend,
                  const std::string& text) {
  if (backend != standing.backend || text != standing.text ||
      apply_script(ruleset, backend) != standing.script) {
    return false;
  }
  const auto routes = missing_policy_routes(ruleset);
  return routes && routes.value().empty();
}

Result<std::string> damage_to(const Standing& standing) {
  const auto damage = examine(standing);
  if (!damage) {
    return damage.error();
  }
  std::string words = damage.value().rules;
  if (!damage.value().routes.empty()) {
    words += fmt::format("{}{} removed", words.empty() ? "" : "; ",
                         fmt::join(damage.value().routes, ", "));
  }
  return words;
}

Result<> mend(Standing& standing) {
  const auto damage = examine(standing);
  if (!damage) {
    return damage.error();
  }
  if (damage.value().rules.empty()) {
    return apply_routes(standing.ruleset);
  }
  auto again = put_up(standing.ruleset, standing.backend);
  if (!again) {
    return again.error();
  }
  standing = std::move(again).value();
  return Done{};
}

}  // namespace weir::firewall
