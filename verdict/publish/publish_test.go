package publish

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	marker = "<!-- verdict:comment id=main -->"
	bot    = 41898282
	sha    = "cccccccccccccccccccccccccccccccccccccccc"
)

// server keeps the comments of one pull request, as GitHub does.
type server struct {
	mu       sync.Mutex
	comments []comment
	next     int64
	fail     func(r *http.Request) (status int, header http.Header) // 0: answer
	requests []string
	bot      int64 // who posts; 0: the workflow's own account
}

type comment struct {
	ID   int64  `json:"id"`
	Body string `json:"body"`
	User struct {
		ID int64 `json:"id"`
	} `json:"user"`
}

func (s *server) add(user int64, body string) {
	s.next++
	c := comment{ID: s.next, Body: body}
	c.User.ID = user
	s.comments = append(s.comments, c)
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r.Method+" "+r.URL.Path)
	if s.fail != nil {
		if status, header := s.fail(r); status != 0 {
			for k, v := range header {
				w.Header()[k] = v
			}
			text := "refused"
			if header.Get("X-Text") != "" {
				text = header.Get("X-Text")
			}
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"message":%q}`, text)
			return
		}
	}
	var in comment
	json.NewDecoder(r.Body).Decode(&in)
	switch {
	case r.URL.Path == "/user":
		w.WriteHeader(http.StatusForbidden) // what a workflow's token gets
		fmt.Fprint(w, `{"message":"Resource not accessible by integration"}`)
	case r.URL.Path == "/graphql":
		fmt.Fprintf(w, `{"data":{"viewer":{"databaseId":%d}}}`, s.bot)
	case r.URL.Path == "/repos/o/r/pulls/7":
		fmt.Fprintf(w, `{"number":7,"head":{"sha":%q}}`, sha)
	case r.Method == http.MethodGet:
		s.list(w, r)
	case r.Method == http.MethodPost:
		if len([]rune(in.Body)) > MaxComment {
			w.WriteHeader(http.StatusUnprocessableEntity)
			return
		}
		poster := s.bot
		if poster == 0 {
			poster = bot
		}
		s.add(poster, in.Body)
		w.WriteHeader(http.StatusCreated)
		json.NewEncoder(w).Encode(s.comments[len(s.comments)-1])
	default:
		id, _ := strconv.ParseInt(r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:], 10, 64)
		for i := range s.comments {
			if s.comments[i].ID != id {
				continue
			}
			if r.Method == http.MethodDelete {
				s.comments = append(s.comments[:i], s.comments[i+1:]...)
				w.WriteHeader(http.StatusNoContent)
				return
			}
			s.comments[i].Body = in.Body
			json.NewEncoder(w).Encode(s.comments[i])
			return
		}
		w.WriteHeader(http.StatusNotFound)
	}
}

// list answers a page of a hundred, with the link to the next.
func (s *server) list(w http.ResponseWriter, r *http.Request) {
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	page = max(page, 1)
	from, to := min((page-1)*100, len(s.comments)), min(page*100, len(s.comments))
	if to < len(s.comments) {
		w.Header().Set("Link", fmt.Sprintf(`<http://%s%s?page=%d&per_page=100>; rel="next"`, r.Host, r.URL.Path, page+1))
	}
	json.NewEncoder(w).Encode(s.comments[from:to])
}

func (s *server) client(t *testing.T, dry *bytes.Buffer) *Client {
	t.Helper()
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	env := map[string]string{"GITHUB_TOKEN": "t", "GITHUB_API_URL": h.URL}
	var c *Client
	var err error
	if dry != nil {
		c, err = New(func(k string) string { return env[k] }, dry)
	} else {
		c, err = New(func(k string) string { return env[k] }, nil)
	}
	require.NoError(t, err)
	c.wait = func(context.Context, time.Duration) error { return nil }
	return c
}

var target = Target{Owner: "o", Repo: "r", Number: 7, Head: sha, Marker: marker}

func post(t *testing.T, c *Client, body string) Result {
	t.Helper()
	r, err := c.Comment(context.Background(), target, marker+"\n"+body)
	require.NoError(t, err)
	return r
}

func TestOneCommentKeptCurrent(t *testing.T) {
	s := &server{}
	s.add(99, marker+"\na forged one")
	s.add(bot, "another workflow quotes\n"+marker)
	for i := range 150 {
		s.add(100, fmt.Sprintf("talk %d", i))
	}
	c := s.client(t, nil)
	assert.Equal(t, "created", post(t, c, "one").Action)
	for i := range 120 {
		s.add(100, fmt.Sprintf("more talk %d", i))
	}
	assert.Equal(t, "updated", post(t, c, "two").Action)
	assert.Equal(t, "unchanged", post(t, c, "two").Action)
	own := 0
	for _, c := range s.comments {
		if c.User.ID == bot && !strings.HasPrefix(c.Body, "another workflow") {
			own++
			assert.Equal(t, marker+"\ntwo", c.Body)
		}
	}
	assert.Equal(t, 1, own)
	assert.Equal(t, marker+"\na forged one", s.comments[0].Body, "somebody else's comment is never edited")
}

func TestConcurrentRunsLeaveOneComment(t *testing.T) {
	s := &server{}
	c := s.client(t, nil)
	var wait sync.WaitGroup
	for i := range 10 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			_, err := c.Comment(context.Background(), target, fmt.Sprintf("%s\nrun %d", marker, i))
			assert.NoError(t, err)
		}()
	}
	wait.Wait()
	assert.Len(t, s.comments, 1)
}

// TestALaterTextStays: a run that gives way leaves its text in the comment that
// stays, where it is the later one, and an older run overwrites nothing.
func TestALaterTextStays(t *testing.T) {
	text := func(class string, minute int) string {
		return fmt.Sprintf("%s\n<!-- verdict:state class=%s evidence=2026-02-09T10:%02d:00Z head=%s -->", marker, class, minute, sha)
	}
	for name, c := range map[string]struct{ mine, other, want string }{
		"the other is older":              {text("GO", 5), text("GO", 3), text("GO", 5)},
		"the other is later":              {text("GO", 5), text("GO", 8), text("GO", 8)},
		"the other is later and worse":    {text("GO", 5), text("NO_GO", 8), text("NO_GO", 8)},
		"the other is older, and was GO":  {text("NO_GO", 5), text("GO", 3), text("NO_GO", 5)},
		"the other says nothing of a day": {text("GO", 5), marker + "\nother", text("GO", 5)},
	} {
		t.Run(name, func(t *testing.T) {
			s := &server{}
			raced := false
			s.fail = func(r *http.Request) (int, http.Header) {
				if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/comments") && !raced {
					raced = true
					s.add(bot, c.other) // another run was a moment earlier
				}
				return 0, nil
			}
			_, err := s.client(t, nil).Comment(context.Background(), target, c.mine)
			require.NoError(t, err)
			require.Len(t, s.comments, 1)
			assert.EqualValues(t, 1, s.comments[0].ID, "the lowest id stays")
			assert.Equal(t, c.want, s.comments[0].Body)
		})
	}

	// Another run writes between our writing and our looking.
	s := &server{}
	s.add(bot, text("GO", 1))
	s.fail = func(r *http.Request) (int, http.Header) { return 0, nil }
	client := s.client(t, nil)
	client.wait = func(context.Context, time.Duration) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.comments[0].Body == text("GO", 5) {
			s.comments[0].Body = text("GO", 3)
			client.wait = func(context.Context, time.Duration) error { return nil }
		}
		return nil
	}
	_, err := client.Comment(context.Background(), target, text("GO", 5))
	require.NoError(t, err)
	assert.Equal(t, text("GO", 5), s.comments[0].Body)
}

// TestWaiting: GitHub says how long to wait; what would take too long is not waited
// for, and a refusal is not a limit.
func TestWaiting(t *testing.T) {
	reset := func(d time.Duration) string { return strconv.FormatInt(time.Now().Add(d).Unix(), 10) }
	for name, c := range map[string]struct {
		status int
		header map[string]string
		text   string
		waits  time.Duration // of the first time; 0: none
	}{
		"403, no permission":           {403, nil, "Resource not accessible by integration", 0},
		"403, Retry-After":             {403, map[string]string{"Retry-After": "7"}, "slow down", 7 * time.Second},
		"403, secondary, no header":    {403, nil, "You have exceeded a secondary rate limit", time.Minute},
		"403, spent, soon":             {403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset(30 * time.Second)}, "API rate limit exceeded", 31 * time.Second},
		"403, spent, in an hour":       {403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset(time.Hour)}, "API rate limit exceeded", 0},
		"429, no header":               {429, nil, "Too many requests", time.Minute},
		"429, Retry-After":             {429, map[string]string{"Retry-After": "3"}, "Too many requests", 3 * time.Second},
		"429, Retry-After, in an hour": {429, map[string]string{"Retry-After": "3600"}, "Too many requests", 0},
		"429, spent":                   {429, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset(20 * time.Second)}, "Too many requests", 21 * time.Second},
		"502":                          {502, nil, "Bad gateway", time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			header := http.Header{}
			for k, v := range c.header {
				header.Set(k, v)
			}
			header.Set("X-Text", c.text)
			s := &server{}
			s.fail = func(r *http.Request) (int, http.Header) {
				if strings.HasSuffix(r.URL.Path, "/pulls/7") {
					return c.status, header
				}
				return 0, nil
			}
			client := s.client(t, nil)
			var waited []time.Duration
			client.wait = func(_ context.Context, d time.Duration) error {
				waited = append(waited, d)
				return nil
			}
			_, err := client.PullRequest(context.Background(), "o", "r", 7)
			require.Error(t, err)
			if c.waits == 0 {
				assert.Empty(t, waited)
			} else {
				require.NotEmpty(t, waited)
				assert.InDelta(t, c.waits.Seconds(), waited[0].Seconds(), 1.5)
			}
			total := time.Duration(0)
			for _, d := range waited {
				total += d
			}
			assert.LessOrEqual(t, total, patience)
			assert.Equal(t, name == "403, no permission", errors.Is(err, ErrDenied))
		})
	}
}

// TestAPostIsMadeAgainAfterLooking: also where looking fails, and where the first
// one came to nothing.
func TestAPostIsMadeAgainAfterLooking(t *testing.T) {
	for name, c := range map[string]struct {
		posted, listed int // how often each fails
		want           int // comments
		posts          int
	}{
		"it made nothing":      {1, 0, 1, 2},
		"nobody can tell":      {1, 99, 0, 1},
		"looking takes longer": {1, 2, 1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := &server{}
			posts, lists, failed := 0, 0, false
			s.fail = func(r *http.Request) (int, http.Header) {
				switch {
				case !strings.HasSuffix(r.URL.Path, "/comments"):
				case r.Method == http.MethodPost:
					if posts++; posts <= c.posted {
						failed = true
						return http.StatusBadGateway, nil
					}
				case failed:
					if lists++; lists <= c.listed {
						return http.StatusBadGateway, nil
					}
				}
				return 0, nil
			}
			_, err := s.client(t, nil).Comment(context.Background(), target, marker+"\none")
			assert.Equal(t, c.want == 0, err != nil, "%v", err)
			assert.Len(t, s.comments, c.want)
			assert.Equal(t, c.posts, posts)
		})
	}
}

// TestRedirects: a repository that was renamed is followed; the token is not taken
// to another server, and a POST does not become a GET.
func TestRedirects(t *testing.T) {
	s := &server{}
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s %s: %v", r.Method, r.URL, r.Header) }))
	t.Cleanup(other.Close)
	for name, c := range map[string]struct {
		to     string
		status int
		method string
		ok     bool
	}{
		"renamed":        {"", http.StatusMovedPermanently, http.MethodGet, true},
		"renamed, POST":  {"", http.StatusTemporaryRedirect, http.MethodPost, true},
		"POST to a GET":  {"", http.StatusMovedPermanently, http.MethodPost, false},
		"another server": {other.URL, http.StatusFound, http.MethodGet, false},
	} {
		t.Run(name, func(t *testing.T) {
			s.comments = nil
			s.fail = func(r *http.Request) (int, http.Header) {
				if strings.HasSuffix(r.URL.Path, "/comments") && r.Method == c.method && r.URL.Query().Get("moved") == "" {
					return c.status, http.Header{"Location": {c.to + r.URL.Path + "?moved=1"}}
				}
				return 0, nil
			}
			_, err := s.client(t, nil).Comment(context.Background(), target, marker+"\none")
			assert.Equal(t, c.ok, err == nil, "%v", err)
			assert.Equal(t, c.ok, len(s.comments) == 1)
		})
	}
}

func TestRefusals(t *testing.T) {
	s := &server{}
	c := s.client(t, nil)
	old := target
	old.Head = strings.Repeat("d", 40)
	_, err := c.Comment(context.Background(), old, marker)
	assert.ErrorIs(t, err, ErrSuperseded)
	_, err = c.Comment(context.Background(), target, marker+strings.Repeat("é", MaxComment))
	assert.ErrorContains(t, err, "characters")
	_, err = c.Comment(context.Background(), target, "no marker")
	assert.Error(t, err)
	s.fail = func(r *http.Request) (int, http.Header) {
		if r.Method == http.MethodPost {
			return http.StatusForbidden, http.Header{"X-Accepted-Github-Permissions": {"issues=write; pull_requests=write"}}
		}
		return 0, nil
	}
	_, err = c.Comment(context.Background(), target, marker)
	assert.ErrorIs(t, err, ErrDenied)
	assert.ErrorContains(t, err, "pull_requests=write")
	_, err = New(func(string) string { return "" }, nil)
	assert.ErrorIs(t, err, ErrNoToken)
}

func TestFaultsOfTheServer(t *testing.T) {
	for name, status := range map[string]int{"too many": 429, "bad gateway": 502} {
		t.Run(name, func(t *testing.T) {
			s := &server{}
			failed := map[string]bool{}
			s.fail = func(r *http.Request) (int, http.Header) {
				key := r.Method + r.URL.Path
				if r.Method == http.MethodGet && r.URL.Path != "/user" && !failed[key] {
					failed[key] = true
					return status, http.Header{"Retry-After": {"1"}}
				}
				return 0, nil
			}
			assert.Equal(t, "created", post(t, s.client(t, nil), "one").Action)
			assert.Len(t, s.comments, 1)
		})
	}
}

func TestCreationThatSeemsToFail(t *testing.T) {
	s := &server{}
	s.fail = func(r *http.Request) (int, http.Header) {
		if strings.HasSuffix(r.URL.Path, "/comments") && r.Method == http.MethodPost {
			s.add(bot, marker+"\none") // it was created, and the answer got lost
			return http.StatusBadGateway, nil
		}
		return 0, nil
	}
	assert.Equal(t, "created", post(t, s.client(t, nil), "one").Action)
	assert.Len(t, s.comments, 1)
}

func TestDryRunWritesNothing(t *testing.T) {
	s := &server{}
	var dry bytes.Buffer
	post(t, s.client(t, &dry), "one")
	assert.Regexp(t, `(?m)^GET http://\S+/repos/o/r/issues/7/comments\?per_page=100$`, dry.String(), "each request is shown")
	assert.Regexp(t, `(?m)^POST http://\S+/repos/o/r/issues/7/comments\n\{\n  "body": "<!-- verdict:comment id=main -->\\none"\n\}$`, dry.String())
	assert.Empty(t, s.comments)
	for _, r := range s.requests {
		assert.True(t, strings.HasPrefix(r, "GET ") || r == "POST /graphql", r) // which only asks who it is
	}
}

// TestTokenOfAnApp: the token of an App's installation does not tell REST whose it
// is, and its comments are found all the same.
func TestTokenOfAnApp(t *testing.T) {
	s := &server{bot: 4711}
	post(t, s.client(t, nil), "one")
	assert.Equal(t, "updated", post(t, s.client(t, nil), "two").Action)
	assert.Len(t, s.comments, 1)
}

// TestLater: time decides, and of the same time the run.
func TestLater(t *testing.T) {
	line := func(at, run string) string {
		return "<!-- verdict:state class=GO evidence=" + at + " " + run + "head=" + sha + " -->"
	}
	const ten, eleven = "2026-02-09T10:00:00Z", "2026-02-09T10:00:00.5Z"
	for _, c := range [][2]string{
		{line(ten, ""), line(eleven, "")}, {line(ten, "run=9.1 "), line(eleven, "run=8.1 ")}, {line(ten, "run=8.1 "), line(ten, "run=9.1 ")}, {line(ten, "run=8.1 "), line(ten, "run=8.2 ")}, {"text", line(ten, "")},
	} {
		assert.True(t, stateOf(c[1]).laterThan(stateOf(c[0])), "%s\n%s", c[1], c[0])
		assert.False(t, stateOf(c[0]).laterThan(stateOf(c[1])), "%s\n%s", c[0], c[1])
		assert.False(t, stateOf(c[0]).laterThan(stateOf(c[0])))
	}
}

// TestEvidenceOfTheFuture: evidence says itself how old it is, so that a date to
// come does not keep its comment for ever.
func TestEvidenceOfTheFuture(t *testing.T) {
	s := &server{}
	state := func(at string) string { return "<!-- verdict:state class=GO evidence=" + at + " head=" + sha + " -->" }
	post(t, s.client(t, nil), state("2999-01-01T00:00:00Z"))
	assert.Equal(t, "updated", post(t, s.client(t, nil), state("2026-02-09T10:00:00Z")).Action)
	_, err := s.client(t, nil).Comment(context.Background(), target, marker+"\n"+state("2026-02-08T10:00:00Z"))
	assert.ErrorIs(t, err, ErrOlder)
}
