package render

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/verdictci/verdict/verdict"
)

// MaxReport is how many bytes of a stored report [ReadJSON] reads.
const MaxReport = 256 << 20

// JSON writes the report as one JSON object, indented by two spaces. Equal
// reports give equal bytes.
func JSON(w io.Writer, r *verdict.Report) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(withLists(r)); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	_, err := w.Write(inertJSON(sameReplacement(b.Bytes())))
	return err
}

// inertJSON writes what would be a command to a CI service's log in another way that
// means the same.
func inertJSON(data []byte) []byte { return bytes.ReplaceAll(data, []byte("##["), []byte(`#\u0023[`)) }

// sameReplacement writes the replacement character in one way. encoding/json
// escapes it where it stands for invalid bytes, and only there, so that a report
// that is read and written again would differ.
func sameReplacement(data []byte) []byte {
	const escaped = `\ufffd`
	out := make([]byte, 0, len(data))
	for i := 0; i < len(data); i++ {
		if data[i] != '\\' || i+1 == len(data) {
			out = append(out, data[i])
			continue
		}
		if bytes.HasPrefix(data[i:], []byte(escaped)) {
			out = append(out, "\ufffd"...)
			i += len(escaped) - 1
			continue
		}
		out = append(out, data[i], data[i+1])
		i++
	}
	return out
}

// withLists gives a copy in which mandatory lists are empty instead of absent,
// so that readers find a list in any case.
func withLists(r *verdict.Report) *verdict.Report {
	c := *r
	list(&c.Trackers)
	list(&c.Packets)
	list(&c.Commands)
	list(&c.Checkpoints)
	list(&c.Risks)
	list(&c.Findings)
	list(&c.Conditions)
	list(&c.Subject.Trackers)
	list(&c.Environment.Tools)
	c.Packets = append(c.Packets[:0:0], c.Packets...)
	for i := range c.Packets {
		list(&c.Packets[i].Commands)
	}
	c.Commands = append(c.Commands[:0:0], c.Commands...)
	for i := range c.Commands {
		list(&c.Commands[i].RequiredBy)
		if e := c.Commands[i].Evidence; e != nil {
			copied := *e
			list(&copied.Steps)
			c.Commands[i].Evidence = &copied
		}
	}
	c.Risks = append(c.Risks[:0:0], c.Risks...)
	for i := range c.Risks {
		list(&c.Risks[i].Places)
	}
	list(&c.Packets)
	list(&c.Commands)
	list(&c.Risks)
	return &c
}

func list[T any](s *[]T) {
	if *s == nil {
		*s = []T{}
	}
}

// ReadJSON reads a stored report. It is strict: another schema, an unknown
// member, a decision that is none of the three or anything after the object is
// an error.
func ReadJSON(r io.Reader) (*verdict.Report, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxReport+1))
	if err != nil {
		return nil, fmt.Errorf("read report: %w", err)
	}
	if len(data) > MaxReport {
		return nil, fmt.Errorf("read report: more than %d bytes", MaxReport)
	}
	var head struct {
		Schema *string `json:"schema"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("read report: %w", located(data, err))
	}
	if head.Schema == nil {
		return nil, fmt.Errorf("read report: no schema; a report begins with \"schema\": %q", verdict.ReportSchema)
	}
	if *head.Schema != verdict.ReportSchema {
		return nil, fmt.Errorf("read report: schema is %q; this version reads %q", *head.Schema, verdict.ReportSchema)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var report verdict.Report
	if err := dec.Decode(&report); err != nil {
		return nil, fmt.Errorf("read report: %w", located(data, err))
	}
	switch report.Verdict {
	case verdict.Go, verdict.GoWithConditions, verdict.NoGo:
		return &report, nil
	}
	return nil, fmt.Errorf("read report: verdict is %q; want GO, GO_WITH_CONDITIONS or NO_GO", report.Verdict)
}

// located adds the line to an error that knows its offset.
func located(data []byte, err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	offset := int64(-1)
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &kind):
		offset = kind.Offset
	}
	if offset < 0 || offset > int64(len(data)) {
		return err
	}
	return fmt.Errorf("line %d: %w", 1+bytes.Count(data[:offset], []byte("\n")), err)
}
