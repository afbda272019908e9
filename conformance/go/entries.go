package main

// Steps 5 to 10: docs/reference/record.md sections 1 and 2, evidence.md section 2.1, completeness.md.

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"strconv"
	"time"
)

type entry []byte

func (e entry) u64(at int) uint64      { return binary.BigEndian.Uint64(e[at:]) }
func (e entry) body(at int) uint64     { return e.u64(184 + at) }
func (e entry) word(at int) byte       { return e[184+at] }
func (e entry) u32(at int) uint64      { return uint64(binary.BigEndian.Uint32(e[184+at:])) }
func (e entry) u16(at int) uint64      { return uint64(binary.BigEndian.Uint16(e[184+at:])) }
func (e entry) kind() byte             { return e[16] }
func (e entry) flag(n uint) bool       { return binary.BigEndian.Uint32(e[20:])>>n&1 == 1 }
func (e entry) observed() bool         { return e.kind() == 1 && e.flag(0) }
func (e entry) letsThrough() bool      { return e.kind() == 1 && (e[17] == 1 || e.flag(0)) }
func zero(b []byte) bool               { return len(bytes.Trim(b, "\x00")) == 0 }
func between(n, least, most byte) bool { return n >= least && n <= most }

var used = map[byte]int{1: 58, 2: 21, 3: 19, 4: 29, 5: 65, 6: 11, 7: 64, 8: 50, 9: 10, 10: 42, 11: 66}

// lawful is step 5 for the entry at this index.
func lawful(e entry, index, before uint64) bool {
	k := e.kind()
	if e.u64(0) != index || e.u64(8) > 253402300799 || e.u64(8) < before || k < 1 || k > 11 ||
		(k == 7) != (index%256 == 0) || (k == 1) != (e[17] != 0) || e[17] > 4 || e[20] != 0 || e[21] != 0 ||
		!zero(e[184+used[k]:]) || (k == 7 && !zero(e[17:184])) {
		return false
	}
	back := func(at int) bool { return e.body(at) < index }
	switch k {
	case 1:
		return back(0) && back(8) && back(16) && back(24) && e.word(56) <= 8 && e.word(57) <= 3
	case 2:
		return back(0) && between(e.word(8), 1, 8) && e.u32(9) <= 1<<24 && e.u32(13) <= 1<<24
	case 3:
		return back(0) && between(e.word(18), 1, 9)
	case 4:
		return back(0) && between(e.word(28), 1, 4)
	case 5:
		own := between(e.word(0), 16, 25)
		return between(e.word(0), 1, 7) || (own && zero(e[185:249]) && !zero(e[152:184]))
	case 6:
		return back(0) && e.body(0)%256 != 0 && between(e.word(10), 1, 4)
	case 8:
		return back(8) && e.word(48) <= 4 && e.word(49) <= 2
	case 9:
		step := e.word(0) == 3 || e.word(0) == 4
		return between(e.word(0), 1, 5) && e.word(1) <= 2 && step == (binary.BigEndian.Uint64(e[186:]) > 0)
	case 10:
		return e.body(0) <= index && between(e.word(8), 1, 2) && e.word(9) <= 7 && (e.word(8) == 2) == (e.word(9) > 0)
	case 11:
		return back(0)
	}
	return true
}

type totals struct {
	Entries   int            `json:"entries"`
	Kinds     map[string]int `json:"kinds"`
	Clauses   map[string]int `json:"clauses"`
	Outcomes  map[string]int `json:"outcomes"`
	Tokens    map[string]int `json:"tokens"`
	Statuses  map[string]int `json:"statuses"`
	Estimated int            `json:"estimated"`
	Epochs    int            `json:"epochs"`
}

type scan struct {
	a        *agreement
	rows     []entry
	fails    map[int]bool
	findings map[string]bool
	grade    string
}

func (s *scan) find(code string, when bool) {
	if when {
		s.findings[code] = true
	}
}

// run is steps 5 to 10; false where step 5 failed.
func (s *scan) run(openings []opened) bool {
	var before uint64
	for i, e := range s.rows {
		if !lawful(e, uint64(i), before) {
			s.fails[5] = true
			return false
		}
		before = e.u64(8)
	}
	s.counters()
	s.terms()
	s.outcomes()
	told := map[string]bool{}
	if !s.epochs(openings, told) {
		s.fails[9] = true
	} else {
		for code := range told {
			s.findings[code] = true
		}
	}
	s.completeness()
	s.tell()
	return true
}

func (s *scan) counters() {
	var t [8]uint64
	for _, e := range s.rows {
		switch e.kind() {
		case 7:
			for i := range t {
				if e.body(8*i) != t[i] {
					s.fails[6] = true
				}
			}
		case 1:
			t[0]++
			t[e[17]]++
		case 2:
			t[5]++
			t[6] += e.u32(9)
			t[7] += e.u32(13)
		}
	}
}

func (s *scan) terms() {
	for _, e := range s.rows {
		if e.kind() != 1 {
			continue
		}
		bad := !bytes.Equal(e[88:120], s.a.terms)
		for rank := 0; rank < 512 && s.a.clauses >= 0; rank++ {
			bad = bad || (rank >= s.a.clauses && e[24+rank/8]>>(rank%8)&1 == 1)
		}
		activity := int(binary.BigEndian.Uint16(e[18:]))
		bad = bad || (s.a.activities >= 0 && activity > s.a.activities)
		bad = bad || (e[17] == 1 && (zero(e[24:88]) || activity == 0 || e.flag(12) || e.flag(13)))
		if bad {
			s.fails[7] = true
		}
	}
}

func (s *scan) outcomes() {
	waiting := map[uint64]bool{}
	for i, e := range s.rows {
		if e.letsThrough() {
			waiting[uint64(i)] = true
		}
		if e.kind() == 2 {
			if !waiting[e.body(0)] {
				s.fails[8] = true
				return
			}
			delete(waiting, e.body(0))
		}
	}
	s.find("outcome.missing", len(waiting) > 0)
}

func (s *scan) epochs(openings []opened, told map[string]bool) bool {
	var number, first, until uint64
	for i, e := range s.rows {
		if e.kind() != 8 {
			continue
		}
		number++
		if e.body(0) != number || number > 10000 || e.body(8) != first || (number > 1 && e.body(16) != until) ||
			e.body(16) > e.body(24) || e.body(24) > e.u64(8) {
			return false
		}
		first, until = uint64(i)+1, e.body(24)
	}
	for _, o := range openings {
		e := s.rows[o.entry]
		n := []byte{1, byte(len(o.leaves) >> 8), byte(len(o.leaves))}
		sum := sha256.Sum256(append(n, bytes.Join(o.leaves, nil)...))
		if e.kind() != 8 || !bytes.Equal(sum[:], e[152:184]) {
			return false
		}
		for i, name := range o.names {
			if !s.a.statements[name] {
				told["disclosure.more"] = true
			}
			if name != "meters" {
				told["statement.unknown"] = true
			} else if !meters(o.values[i], told) {
				return false
			}
		}
	}
	return true
}

func meters(data []byte, told map[string]bool) bool {
	v, err := parseJSON(data)
	count := integer(0, 1<<53-1)
	form := record(members{"type": oneOf("brightline/meters/v1"), "sites": count, "scopes": count, "soft": count,
		"hard": count, "at_soft": count, "at_hard": count, "highest": count, "exact": flag})
	if err != nil || len(data) > 65536 || !form(v) {
		return false
	}
	o := v.(object)
	n := func(name string) int64 { return must(o[name]) }
	said, fine := canonical(v)
	if !fine || said != string(data) || n("sites") < 1 || n("soft") < 1 || n("hard") < n("soft") ||
		n("at_soft") > n("scopes") || n("at_hard") > n("at_soft") || n("highest") > n("hard") ||
		(n("highest") == n("hard")) != (n("at_hard") > 0) {
		return false
	}
	if n("at_hard") > 0 {
		told["limit.exceeded"] = true
	}
	if !o["exact"].(bool) {
		told["meters.bounded"] = true
	}
	return true
}

// tell is the findings that are not of epochs or grades.
func (s *scan) tell() {
	a, from, until := s.a, s.a.value["from"].(string), s.a.value["until"]
	date := func(e entry) string { return time.Unix(int64(e.u64(8)), 0).UTC().Format("2006-01-02") }
	for _, code := range a.notes {
		s.find(code, true)
	}
	if n := len(s.rows); n > 0 {
		s.find("agreement.not_begun", date(s.rows[0]) < from)
		s.find("agreement.expired", until != nil && date(s.rows[n-1]) > until.(string))
	}
	erasures := int64(0)
	for i, e := range s.rows {
		permit := e.kind() == 1 && e[17] == 1
		if e.kind() == 1 {
			s.find("observed", e.flag(0))
			s.find("break_glass", e.flag(1))
			s.find("decide.disagreed", e.flag(12))
			s.find("decide.failed", e.flag(13))
			s.find("integrity.drifted", permit && e.flag(7))
			s.find("meter.missing", permit && e.flag(8))
			s.find("approvals.hurried", permit && e.flag(9))
		}
		s.find("break_glass", e.kind() == 4 && e.word(28) >= 3)
		s.find("release.refused", e.kind() == 10 && e.word(8) == 2)
		s.find("clock.stepped", e.kind() == 9 && e.word(0) >= 3 && e.word(0) <= 4)
		s.find("clock.unsynchronised", e.kind() == 9 && e.word(1) != 1)
		s.find("record.gap", i > 0 && e.u64(8)-s.rows[i-1].u64(8) >= a.beat+a.step)
		s.find("disclosure.finer", s.finer(e))
		if e.kind() == 6 {
			erasures++
			made := s.rows[e.body(0)].u64(8) / 86400
			s.find("retention.early", e.word(10) == 2 && made+uint64(a.content) > (e.u64(8)+a.step-1)/86400)
		}
	}
	most := int64(len(s.rows)) * a.per / 10000
	if a.erasures > most {
		most = a.erasures
	}
	s.find("erasures.exceeded", erasures > most)
}

func (s *scan) finer(e entry) bool {
	times, tokens := []uint64{e.u64(8)}, []uint64{}
	switch e.kind() {
	case 2:
		for _, n := range []uint64{e.u32(9), e.u32(13)} {
			if n != 1<<24 {
				tokens = append(tokens, n)
			}
		}
	case 3:
		times = append(times, e.body(8))
	case 4:
		times = append(times, e.body(8), e.body(16))
	case 8:
		times = append(times, e.body(16), e.body(24))
	case 9:
		times = append(times, binary.BigEndian.Uint64(e[186:]))
	case 11:
		tokens = append(tokens, e.body(8), e.body(16), e.body(24), e.body(32))
	}
	for _, t := range times {
		if t%s.a.step != 0 {
			return true
		}
	}
	for _, t := range tokens {
		if t%s.a.tokens != 0 {
			return true
		}
	}
	return false
}

func (s *scan) count(epochs bool) totals {
	t := totals{Entries: len(s.rows), Kinds: map[string]int{}, Clauses: map[string]int{}, Statuses: map[string]int{},
		Outcomes: map[string]int{"permit": 0, "hold": 0, "ask": 0, "deny": 0}, Tokens: map[string]int{"input": 0, "output": 0}}
	known := s.a.clauses
	if known < 0 {
		known = 512
	}
	for _, e := range s.rows {
		t.Kinds[strconv.Itoa(int(e.kind()))]++
		switch e.kind() {
		case 1:
			t.Outcomes[[]string{"permit", "hold", "ask", "deny"}[e[17]-1]]++
			for rank := 0; rank < known && bytes.Equal(e[88:120], s.a.terms); rank++ {
				if e[24+rank/8]>>(rank%8)&1 == 1 {
					t.Clauses[strconv.Itoa(rank)]++
				}
			}
		case 2:
			t.Statuses[strconv.Itoa(int(e.word(8)))]++
			t.Tokens["input"] += int(e.u32(9))
			t.Tokens["output"] += int(e.u32(13))
			if e.flag(14) {
				t.Estimated++
			}
		case 8:
			if epochs {
				t.Epochs++
			}
		}
	}
	return t
}
