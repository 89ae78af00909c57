package tracker

import (
	"bytes"
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

// isShell reports whether a fence's language is a shell's.
func isShell(info string) bool {
	switch info {
	case "bash", "sh", "shell", "console", "zsh", "terminal", "shell-session", "sh-session", "shellsession":
		return true
	}
	return false
}

// scriptLine is one command of a code block, with what stands behind it.
type scriptLine struct {
	command, tail string
	raw           string
	line          int // index in the block
	prompt        bool
}

var (
	promptMark  = lazyregexp.New(`^(?:[\w.~/@:-]*[$%❯]|PS>|>)\s+`)
	lineComment = lazyregexp.New(`\s+#\s.*$`)
	opensBlock  = lazyregexp.New(`(?:^|[;&|]\s*|\b(?:do|then|else)\s+)(?:for|while|until|if|case)\s|(?:^|\s)\{\s*$`)
	closesBlock = lazyregexp.New(`(?:^|[;\s])(?:done|fi|esac)(?:$|[\s;&|>)])|^\}`)
	hereDoc     = lazyregexp.New(`<<-?\s*['"]?(\w+)['"]?`)
)

// script splits a code block into commands: one a line, or more where the line
// goes on.
func script(d *document) []scriptLine {
	var out []scriptLine
	lines := strings.Split(strings.ReplaceAll(string(d.source), "\r\n", "\n"), "\n")
	for n := 0; n < len(lines); n++ {
		s := scriptLine{line: n}
		text := strings.TrimSpace(lines[n])
		if m := promptMark.FindString(text); m != "" {
			s.prompt, text = true, text[len(m):]
		}
		if text == "" || strings.HasPrefix(text, "#") || n >= len(d.lines) {
			continue
		}
		depth := blockDepth(text)
		var end []string // of a here document
		looked := 0      // for its beginning, so far
		for n+1 < len(lines) && n-s.line < 200 {
			last := strings.TrimRight(withoutComment(text), " \t")
			if end == nil && strings.Contains(text[looked:], "<<") {
				end = hereDoc.FindStringSubmatch(text)
			} else {
				looked = max(0, len(text)-1)
			}
			switch {
			case strings.HasSuffix(text, `\`):
				text = strings.TrimSuffix(text, `\`) + strings.TrimSpace(lines[n+1])
			case strings.HasSuffix(last, "&&") || strings.HasSuffix(last, "||") || strings.HasSuffix(last, "|"):
				text = last + " " + strings.TrimSpace(lines[n+1])
			case end != nil && !strings.HasSuffix(text, "\n"+end[1]), depth > 0, strings.Count(text, "'")%2 == 1 && strings.IndexByte(text, '"') < 0:
				text += "\n" + lines[n+1]
				depth += blockDepth(lines[n+1])
			default:
				goto complete
			}
			n++
		}
	complete:
		s.raw = text
		s.command, s.tail, _ = cutArrow(text)
		if at := lineComment.FindStringIndex(s.command); at != nil && !strings.Contains(s.command, "\n") && strings.Count(s.command[:at[0]], "'")%2 == 0 && strings.Count(s.command[:at[0]], `"`)%2 == 0 {
			s.command, s.tail = s.command[:at[0]], strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(s.command[at[0]:]), "# "))+" "+s.tail
		}
		s.tail = strings.TrimSpace(strings.TrimLeft(s.tail, "#→=>- "))
		out = append(out, s)
	}
	return out
}

// withoutComment is a command without the comment at its end, which begins on one of
// its last lines.
func withoutComment(text string) string {
	if strings.IndexByte(text, '#') < 0 {
		return text
	}
	from := len(text)
	for range 3 {
		from = max(strings.LastIndexByte(text[:from], '\n'), 0)
	}
	return text[:from] + lineComment.ReplaceAllString(text[from:], "")
}

func blockDepth(line string) int {
	return len(opensBlock.FindAllString(line, -1)) - len(closesBlock.FindAllString(line, -1))
}

// requiredFence reads a code block under the required commands.
func (p *reader) requiredFence(b *block) {
	plain := b.info == "" || b.info == "text" || b.info == "txt"
	switch {
	case isShell(b.info) || plain:
	case b.info == "powershell" || b.info == "pwsh" || b.info == "cmd" || b.info == "bat":
		p.warn(b.content.pos(0), "required commands for another shell: "+b.info, "commands for a POSIX shell", "write them so that sh runs them")
		return
	default:
		return // shows what a file or an output looks like
	}
	required := p.required()
	lines := script(b.content)
	prompts := hasPrompts(lines)
	for _, s := range lines {
		if prompts && !s.prompt && !typedCommand.MatchString(s.command) && !opensBlock.MatchString(s.command) || plain && b.info != "" && !knownCommand(s.command) {
			continue
		}
		r := Required{Command: s.command, Raw: s.raw, Pos: b.content.pos(b.content.lines[s.line] + s.indent(b.content)), Result: noResult()}
		if exitIn(s.tail) != nil {
			r.Result = result(" -> " + s.tail)
		}
		if r.Result.Kind == ResultExit {
			r.Expected, r.Stated = r.Result.ExitCode, true
		}
		*required = append(*required, r)
	}
}

// indent is how far the command stands from the beginning of its line.
func (s *scriptLine) indent(d *document) int {
	line := d.source[d.lines[s.line]:]
	at := strings.Index(string(line[:min(len(line), 512)]), s.command[:min(len(s.command), 8)])
	return max(at, 0)
}

// typed reports whether a code block is what was typed in a terminal: it has a
// prompt, or begins with a command.
func typed(d *document) bool {
	for line := range bytes.Lines(d.source) {
		line := string(bytes.TrimSpace(line))
		if strings.HasPrefix(line, "$ ") {
			return true
		}
		if line != "" && !strings.HasPrefix(line, "# ") {
			return typedCommand.MatchString(line) && findLastingArrow(line) == nil
		}
	}
	return false
}

// exitLine is a line of a transcript that says how the command above it ended.
var exitLine = lazyregexp.New(`(?i)^(?:[#=\[(>-]+\s*)?(?:process\s+)?(?:finished with\s+)?(?:exit(?:ed)?|exit[ _-](?:code|status)|rc|status)\b(?:\s+(?:code|status))?(?:\s+with)?\s*[:=]?\s*-?\d{1,3}\b`)

// asksForEnd is a command that prints how the one before it ended.
var asksForEnd = lazyregexp.New(`^(?:echo|printf)\b.*\$(?:\?|\{\?\})`)

// transcript reads commands and their ends from what a terminal showed.
func (p *reader) transcript(d *document) {
	ev := &p.t.Packets[p.packet].Evidence
	p.noteRaw(string(d.source))
	lines := script(d)
	prompts := hasPrompts(lines)
	open := -1     // the claim that waits for its end
	asked := false // by "echo $?"
	for _, s := range lines {
		said := s.raw
		if asked && bareCode.MatchString(said) {
			said = "exit " + said
		}
		asked = asksForEnd.MatchString(s.command)
		if exitLine.MatchString(said) {
			if open >= 0 {
				ev.Claims[open].Result = result(" -> " + said)
			}
			open = -1
			continue
		}
		if asked || prompts && !s.prompt || !prompts && !typedOrKnown(s.command) {
			continue
		}
		c := Claim{Command: s.command, Run: p.run, Result: noResult(), Raw: s.raw, Pos: d.pos(d.lines[s.line] + s.indent(d))}
		if s.tail != "" {
			c.Result = result(" -> " + s.tail)
		}
		ev.Claims = append(ev.Claims, c)
		if open = len(ev.Claims) - 1; c.Result.Kind == ResultExit {
			open = -1
		}
	}
}

// hasPrompts reports whether the commands of a block stand behind prompts: what
// does not is their output.
func hasPrompts(lines []scriptLine) bool {
	return slices.ContainsFunc(lines, func(s scriptLine) bool { return s.prompt && typedOrKnown(s.command) })
}

func typedOrKnown(command string) bool {
	return typedCommand.MatchString(command) || knownCommand(command) && strings.Contains(command, " ") && (!strings.HasSuffix(command, ".") || strings.HasSuffix(command, "/..."))
}
