#include "cli/top.h"

#include <ncurses.h>
#include <poll.h>
#include <unistd.h>

#include <clocale>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "cli/control_client.h"
#include "cli/top_text.h"

namespace weir {
namespace {

constexpr int refresh_ms = 1'000;

Result<TopLook> look_at(const std::string& socket) {
  TopLook out;
  for (const auto& [target, place] : {std::pair{"/v1/status", &out.status},
                                      {"/v1/upstreams", &out.upstreams},
                                      {"/v1/busiest", &out.busiest}}) {
    auto answer = ask_gateway(socket, "GET", target);
    if (!answer) {
      return answer.error();
    }
    if (answer.value().status != 200) {
      return Error(std::string("the gateway does not know ") + target);
    }
    *place = std::move(answer.value().body);
  }
  return out;
}

// The terminal while we draw on it; as it was, afterwards.
class Terminal {
 public:
  Terminal() : screen_(newterm(nullptr, stdout, stdin)) {
    if (screen_ != nullptr) {
      cbreak();
      noecho();
      curs_set(0);
      keypad(stdscr, true);
    }
  }
  ~Terminal() {
    if (screen_ != nullptr) {
      endwin();
      delscreen(screen_);
    }
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  [[nodiscard]] bool usable() const { return screen_ != nullptr; }

  [[nodiscard]] static Screen size() {
    return {.width = static_cast<std::size_t>(getmaxx(stdscr)),
            .height = static_cast<std::size_t>(getmaxy(stdscr))};
  }

  static void draw(const std::vector<std::string>& lines) {
    erase();
    for (std::size_t i = 0; i < lines.size(); ++i) {
      // Heads of tables are in capitals.
      const bool head =
          i == 0 || (!lines[i].empty() &&
                     lines[i].find_first_of("abcdefghijklmnopqrstuvwxyz") == std::string::npos &&
                     lines[i].find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") != std::string::npos);
      attrset(static_cast<int>(head ? A_BOLD : A_NORMAL));
      mvaddstr(static_cast<int>(i), 0, lines[i].c_str());
    }
    refresh();
  }

  // A key within that time; none: ERR.
  [[nodiscard]] static int key(int ms) {
    timeout(ms);
    return getch();
  }

 private:
  SCREEN* screen_;
};

// After getch() had no key: is there something to read all the same? Then it is the end.
bool terminal_has_gone() {
  pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  return poll(&input, 1, 0) > 0 && (input.revents & (POLLHUP | POLLERR)) != 0;
}

}  // namespace

int run_top(const LiveArguments& arguments) {
  const auto socket = control_socket(arguments);
  if (!socket) {
    std::fprintf(stderr, "weir: %s\n", socket.error().text().c_str());
    return 2;
  }
  auto look = look_at(socket.value());
  if (!look) {
    std::fprintf(stderr, "weir: %s\n", look.error().text().c_str());
    return 1;
  }
  if (isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0) {
    std::fputs("weir: top needs a terminal; `weir status` and `weir flows` do not\n", stderr);
    return 2;
  }
  std::setlocale(LC_CTYPE, "");
  const Terminal terminal;
  if (!terminal.usable()) {
    std::fputs("weir: top does not know this terminal; set TERM\n", stderr);
    return 2;
  }
  std::optional<TopLook> before;
  while (true) {
    const auto lines = look ? top_lines(look.value(), before ? &*before : nullptr, Terminal::size())
                            : Result<std::vector<std::string>>(look.error());
    Terminal::draw(lines ? lines.value()
                         : std::vector<std::string>{"weir: " + lines.error().text(), "",
                                                    "q ends; a gateway that starts is shown"});
    // A changed size wants to be drawn at once, and is no reason to ask.
    int key = Terminal::key(refresh_ms);
    while (key == KEY_RESIZE) {
      key = Terminal::key(0);
    }
    if (key == 'q' || key == 'Q' || (key == ERR && terminal_has_gone())) {
      return 0;
    }
    if (look) {
      before = std::move(look).value();
    }
    look = look_at(socket.value());
  }
}

}  // namespace weir
