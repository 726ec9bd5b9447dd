#include "cli/set.h"

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/escape.h"
#include "base/text.h"
#include "cli/control_client.h"
#include "cli/exit_status.h"
#include "cli/live_request.h"
#include "cli/print_error.h"
#include "cli/set_text.h"
#include "sets/item.h"

namespace weir {
namespace {

// The gateway takes bodies of 64 KiB.
constexpr std::size_t fullest_body = 48'000;

// All that can be found out before anything is done.
bool are_readable(const std::vector<std::string>& items) {
  bool good = true;
  for (const std::string& text : items) {
    const auto item = parse_item(trimmed(text));
    if (!item) {
      print_error("weir: " + item.error().text());
      good = false;
    } else if (const auto* name = std::get_if<Name>(&item.value());
               name != nullptr && name->text.find('.') == std::string::npos) {
      print_error("weir: " + weir::quoted(text) +
                  " is taken for a host name, about which only 'host' in a rule asks; a device is "
                  "'client = name:NAME' there");
    }
  }
  return good;
}

}  // namespace

int run_sets(const LiveArguments& arguments) {
  const LiveAnswer answer =
      ask_live(arguments, {.method = "GET", .target = "/v1/sets", .body = {}});
  if (answer.status != 0) {
    return answer.status;
  }
  return arguments.json ? print_answer(std::string_view(answer.body))
                        : print_answer(sets_text(answer.body));
}

std::vector<std::string> set_bodies(const SetArguments& arguments) {
  std::vector<std::string> out;
  std::string end = "]";
  if (!arguments.duration.empty()) {
    end += R"(,"for":)";
    append_json_string(end, arguments.duration);
  }
  end += arguments.force ? R"(,"force":true})" : "}";
  const std::string begin = "{\"" + arguments.action + "\":[";
  std::string body;
  for (const std::string& item : arguments.items) {
    if (!body.empty() && body.size() + item.size() > fullest_body) {
      out.push_back(std::move(body += end));
      body.clear();
    }
    body += body.empty() ? std::string_view(begin) : ",";
    append_json_string(body, item);
  }
  out.push_back(std::move(body += end));
  return out;
}

int run_set(const SetArguments& arguments) {
  if (!are_readable(arguments.items)) {
    return Exit::bad_usage;
  }
  const std::string target = "/v1/sets/" + percent_encoded(arguments.set);
  std::string last;
  for (const std::string& body : set_bodies(arguments)) {
    LiveAnswer answer =
        ask_live(arguments.live, {.method = "PATCH", .target = target, .body = body});
    if (answer.status != 0) {
      if (!last.empty()) {
        print_error("weir: the items before these were taken: 'weir sets' shows them");
      }
      return answer.status;
    }
    last = std::move(answer.body);
  }
  const int printed =
      arguments.live.json ? print_answer(std::string_view(last)) : print_answer(set_text(last));
  if (const std::string trouble = set_trouble(last); !trouble.empty()) {
    print_error("weir: the gateway tries again: " + trouble);
    return Exit::failed;
  }
  return printed;
}

}  // namespace weir
