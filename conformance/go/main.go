// A verifier of Brightline's evidence in Go's standard library, written from docs/reference: evidence.md, record.md,
// agreement.md, completeness.md. It reads cases of conformance/run from standard input, and prints the answers.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"sort"
)

type module struct {
	Module     string
	Digest     string
	Activities int
}

type given struct {
	Bundle, Agreement []byte
	Keys              map[string]string
	Earlier           [][]byte
	Witnesses         []string
	Vocabulary        []module
}

type answer struct {
	Verified bool     `json:"verified"`
	Grade    any      `json:"grade"`
	Steps    []any    `json:"steps"`
	Findings []string `json:"findings"`
	Totals   any      `json:"totals"`
}

func main() {
	in, out := bufio.NewReaderSize(os.Stdin, 1<<20), bufio.NewWriter(os.Stdout)
	defer out.Flush()
	decoder := json.NewDecoder(in)
	for decoder.More() {
		var g given
		if err := decoder.Decode(&g); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		line, _ := json.Marshal(verify(g))
		fmt.Fprintf(out, "%s\n", line)
	}
}

// verify is the eleven steps.
func verify(g given) answer {
	s := &scan{fails: map[int]bool{}, findings: map[string]bool{}}
	counted := s.steps(g)
	// What stands on a step that did not pass is not checked.
	oks := make([]any, 12)
	passed := func(n int) bool { return oks[n] == true }
	verified := true
	for n := 1; n <= 11; n++ {
		checked := n == 1 || (n <= 5 && passed(n-1)) || (n >= 6 && n <= 10 && passed(5)) ||
			(n == 11 && passed(6) && passed(7) && passed(8) && passed(9) && passed(10))
		if checked {
			oks[n] = !s.fails[n]
		}
		if oks[n] == false {
			s.find(map[int]string{2: "agreement.invalid", 7: "terms.drift"}[n], n == 2 || n == 7)
			s.find("record.invalid", n != 2 && n != 7)
		}
		verified = verified && passed(n)
	}
	a := answer{Verified: verified, Steps: oks[1:], Findings: []string{}, Totals: struct{}{}}
	if counted {
		a.Totals = s.count(passed(9))
	}
	if verified {
		a.Grade = s.grade
	}
	for code := range s.findings {
		a.Findings = append(a.Findings, code)
	}
	sort.Strings(a.Findings)
	return a
}

// steps notes the first step that fails of those that stand on one another; true where the entries could be counted.
func (s *scan) steps(g given) bool {
	b := readBundle(g.Bundle)
	if b == nil {
		s.fails[1] = true
		return false
	}
	s.a = readAgreement(g.Agreement, g.Keys, g.Vocabulary)
	if s.a == nil || s.a.digest != b.agreement {
		s.fails[2] = true
		return false
	}
	var log *key
	for _, l := range s.a.value["logs"].([]any) {
		if l.(object)["origin"] == b.origin {
			k, _ := parseKey(l.(object)["key"].(string))
			log = &k
		}
	}
	c := readNote(b.checkpoint)
	if log == nil || c == nil || c.origin != b.origin || !c.signedBy(*log) {
		s.fails[3] = true
		return false
	}
	missing := false
	for _, w := range g.Witnesses {
		k, err := parseKey(w)
		found, fine := c.cosigned(k)
		if err != nil || !fine {
			s.fails[3] = true
			return false
		}
		missing = missing || !found
	}
	size := uint64(len(b.entries) / 256)
	if c.size != size || !bytes.Equal(root(b.entries, size), c.root) {
		s.fails[4] = true
		return false
	}
	for _, kept := range g.Earlier {
		k := readNote(kept)
		if k == nil || k.size > size || !k.signedBy(*log) || !bytes.Equal(root(b.entries, k.size), k.root) {
			s.fails[4] = true
			return false
		}
	}
	for i := uint64(0); i < size; i++ {
		s.rows = append(s.rows, entry(b.entries[i*256:(i+1)*256]))
	}
	counted := s.run(b.openings)
	s.find("witness.missing", counted && missing)
	return counted
}

type sums struct{ calls, input, output uint64 }

// completeness judges epochs one by one: docs/reference/completeness.md section 1.
func (s *scan) completeness() {
	var all, before, within sums
	counts, silent := map[string]int{}, 0
	epochs, unguarded, refused, waits, latest := 0, 0, uint64(0), false, uint64(0)
	speak := func(verdict string) { counts[verdict]++; epochs++ }
	for i, e := range s.rows {
		switch e.kind() {
		case 2:
			all = sums{all.calls + 1, all.input + e.u32(9), all.output + e.u32(13)}
		case 8:
			if waits {
				speak("silent")
				silent++
			}
			within = sums{all.calls - before.calls, all.input - before.input, all.output - before.output}
			before, waits, latest = all, true, uint64(i)
		case 11:
			if !waits || latest != e.body(0) {
				speak("contradicts")
				continue
			}
			waits = false
			speak(judge(e, within, s.a.tokens))
			apart := int64(e.u32(52)) - int64(e.u32(48))
			if apart < 0 {
				apart = -apart
			}
			if e.word(65) == 0 || apart > int64(e.u16(60)) {
				unguarded++
			}
			refused += e.u32(56)
		}
	}
	s.grade = "C0"
	if epochs > 0 && counts["agrees"] == epochs {
		s.grade = "C1"
		if unguarded == 0 {
			s.grade = "C2"
		}
	}
	if silent == epochs {
		return
	}
	s.find("engine.refused", refused > 0)
	s.find("record.shortfall", counts["shortfall"] > 0)
	for _, verdict := range []string{"excess", "contradicts", "uncertain", "silent"} {
		s.find("completeness."+verdict, counts[verdict] > 0)
	}
}

// judge is the verdict on one epoch; sums of u64 need more bits than 64.
func judge(e entry, within sums, step uint64) string {
	found := map[string]bool{}
	n := func(v uint64) *big.Int { return new(big.Int).SetUint64(v) }
	tolerance, anew := e.u16(62), e.word(64) > 0
	if tolerance > 10000 || anew {
		found["uncertain"] = true
	}
	if tolerance > 10000 {
		tolerance = 10000
	}
	half := step / 2
	for i, recorded := range []uint64{within.input, within.output} {
		tokens, engine, doubt := n(e.body(8+8*i)), n(e.body(24+8*i)), n(e.u32(40+4*i))
		gap := new(big.Int).Sub(engine, tokens)
		allowed := new(big.Int).Mul(engine, n(tolerance))
		allowed.Div(allowed, n(1000000)).Add(allowed, n(2*half))
		hole := new(big.Int).Add(allowed, doubt)
		beyond := new(big.Int).Sub(tokens, n(recorded))
		if !anew {
			beyond.Abs(beyond)
		}
		if beyond.Cmp(n(within.calls*half+half)) > 0 {
			found["contradicts"] = true
		}
		if gap.Cmp(hole) > 0 {
			found["shortfall"] = true
		} else if !anew && gap.Cmp(new(big.Int).Neg(hole)) < 0 {
			found["excess"] = true
		}
		if doubt.Cmp(allowed) > 0 {
			found["uncertain"] = true
		}
	}
	for _, verdict := range []string{"contradicts", "shortfall", "excess", "uncertain"} {
		if found[verdict] {
			return verdict
		}
	}
	return "agrees"
}
