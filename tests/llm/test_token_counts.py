from hypnos.llm.token_counts import most_tokens, usual_tokens


def test_reservations_count_more_tokens_than_any_tokenizer():
    llama2 = {"丙泊酚的诱导剂量是多少？" * 20: 441, "What is the induction dose of propofol? " * 20: 221}
    for text, most in llama2.items():  # counted with Llama 2's tokenizer, which splits Chinese the most
        message = ({"role": "user", "content": text},)
        assert usual_tokens(message) < most_tokens(message)
        assert most <= most_tokens(message) <= 2.7 * most
